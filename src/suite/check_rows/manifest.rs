//! The built-in checks of manifests, one row each. [`crate::suite::check_rows::all`] explains rows.

macro_rules! manifest_checks {
    ({ $($earlier:tt)* } $next:path $(, $rest:path)*) => { $next! { {
        $($earlier)*
        /// The manifest's `request` is the URL of the kick-off.
        RequestFitsKickoff = "request-fits-kickoff" {
            run manifest::fields::request_fits_kickoff, on Manifests, needs [],
            says "the manifest's request is the URL of the kick-off"
        }
        /// The manifest's `request` has no parameter that was sent only in the body.
        RequestWithoutBodyParams = "request-without-body-params" {
            run manifest::fields::request_without_body_params, on Manifests, needs [],
            says "the manifest's request has no parameter that was sent only in the body"
        }
        /// `transactionTime` is not in the future, by the server's clock.
        TransactionTimeNotFuture = "transaction-time-not-future" {
            run manifest::fields::transaction_time_not_future, on Manifests, needs [],
            says "transactionTime is not in the future by the server's clock"
        }
        /// `Expires` is later than the response.
        ExpiresLater = "expires-later" {
            run manifest::fields::expires_later, on Manifests, needs [],
            says "Expires is later than the response"
        }
        /// A second manifest is the same as the first.
        SameManifest = "same-manifest" {
            run manifest::fields::same_manifest, on Manifests, needs [],
            says "the manifest is the same as the first one"
        }
        /// No URL is listed twice.
        DistinctUrls = "distinct-urls" {
            run manifest::fields::distinct_urls, on Manifests, needs [],
            says "no URL is listed twice"
        }
        /// Every `extension` is an object.
        ExtensionsAreObjects = "extensions-are-objects" {
            run manifest::fields::extensions_are_objects, on Manifests, needs [],
            says "every extension is an object"
        }
        /// `transactionTime` is between the kick-off and the manifest.
        TransactionTimeInJob = "transaction-time-in-job" {
            run manifest::fields::transaction_time_in_job, on Manifests, needs [],
            says "transactionTime is between the kick-off and the manifest, with a tolerance of 5 seconds"
        }
        /// `Expires` is an HTTP date, or `0` or `-1` as many frameworks send.
        ExpiresReadable = "expires-readable" {
            run manifest::fields::expires_readable, on Manifests, needs [],
            says "Expires is an HTTP date, 0 or -1"
        }
        /// A manifest that was returned while the job ran stays the same, except for `link`.
        ManifestUnaltered = "manifest-unaltered" {
            run manifest::partial::manifest_unaltered, on Manifests, needs [],
            says "the manifest is the same as the one returned before, except for link"
        }
        /// A linked manifest repeats the fields of the first manifest.
        FieldsOfFirstPage = "fields-of-first-page" {
            run manifest::partial::fields_of_first_page, on Manifests, needs [],
            says "the manifest repeats the fields of the first manifest"
        }
        /// `link` is one object that leads to another manifest.
        OneNextLink = "one-next-link" {
            run manifest::partial::one_next_link, on Manifests, needs [],
            says "link is one object that leads to another manifest"
        }
        /// A file that was fetched while the job ran is available and unchanged when the job is complete.
        FileKept = "file-kept" {
            run manifest::partial::file_kept, on Files, needs [Files],
            says "the file is available and unchanged when the job is complete"
        }
    } $($rest),* } };
}
pub(crate) use manifest_checks;
