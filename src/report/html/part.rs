//! Elements that several sections use.

use maud::{Markup, html};

use crate::base::vocabulary::Verdict;
use crate::report::escape::visible;
use crate::report::verdict;
use crate::report::wire::{WireLine, WireMark};
use crate::verdicts::judged_run::Judgement;

/// Returns a fragment with a capital letter, as the start of a sentence.
pub(crate) fn capital(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().collect::<String>() + chars.as_str())
}

/// Returns a verdict as a word in a frame. The shape of the frame also shows the verdict.
pub(crate) fn badge(verdict: Verdict) -> Markup {
    let tone = match verdict {
        Verdict::Fail => "bad",
        Verdict::Warn | Verdict::Error => "doubt",
        Verdict::Pass => "good",
        Verdict::Skip | Verdict::NotApplicable => "mute",
    };
    html! { span.badge.(tone) { (verdict.as_str().replace('-', " ")) } }
}

/// Returns the lines of an exchange in a box that scrolls.
pub(crate) fn wire_box(label: &str, lines: &[WireLine]) -> Markup {
    html! {
        pre.wire tabindex="0" role="group" aria-label=(label) {
            @for line in lines {
                @let class = match line.mark {
                    WireMark::Sent => "sent",
                    WireMark::Got => "got",
                    WireMark::Body => "body",
                    WireMark::Place => "place",
                    WireMark::Caret => "caret",
                };
                span.(class) { (line.text) } "\n"
            }
        }
    }
}

/// Returns a link to another page, or only the text if the URL is not http or https.
pub(crate) fn link(url: &str, text: &str) -> Markup {
    let web = url.starts_with("https://") || url.starts_with("http://");
    html! {
        @if web { a href=(visible(url)) rel="noreferrer" { (visible(text)) } }
        @else { (visible(text)) }
    }
}

/// Returns the anchor of a test.
pub(crate) fn test_anchor(judgement: usize, id: &str) -> String {
    anchor("t", judgement, id)
}

/// Returns the anchor of a requirement.
pub(crate) fn requirement_anchor(judgement: usize, id: &str) -> String {
    anchor("r", judgement, id)
}

fn anchor(kind: &str, judgement: usize, id: &str) -> String {
    let id: String =
        id.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' }).collect();
    format!("{kind}{judgement}-{id}")
}

/// Returns a heading that names the spec.
pub(crate) fn spec_head(judgement: &Judgement) -> Markup {
    html! { h3 { (verdict::title(judgement)) } }
}
