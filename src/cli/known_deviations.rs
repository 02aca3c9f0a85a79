//! The known deviations of `plimsoll.toml`, checked against the suites.

use crate::cli::error::CliError;
use crate::config::file::ConfigFile;
use crate::suite::catalog::{Catalog, Test};
use crate::suite::suggestion;
use crate::verdicts::gate::KnownDeviation;

/// Returns the known deviations of the configuration file, or an error for an unknown spec or test.
pub fn known(catalog: &Catalog, file: Option<&ConfigFile>) -> Result<Vec<KnownDeviation>, CliError> {
    let Some(file) = file else { return Ok(Vec::new()) };
    let mut list = Vec::new();
    for entry in &file.table.known {
        let known = entry.get_ref();
        let (name, flow) = match known.test.split_once('@') {
            Some((name, flow)) => (name, Some(flow)),
            None => (known.test.as_str(), None),
        };
        let exists = catalog.tests.iter().any(|test| {
            test.name() == name && flow.is_none_or(|flow| test.flows.iter().any(|of_test| of_test == flow))
        });
        let wrong = if catalog.spec(&known.spec).is_none() {
            Some(format!("unknown spec {:?}", known.spec))
        } else if !exists {
            Some(format!("unknown test {:?}", known.test))
        } else {
            None
        };
        if let Some(wrong) = wrong {
            let names: Vec<String> = catalog.tests.iter().map(Test::name).collect();
            let help = match suggestion::nearest(name, names.iter().map(String::as_str)) {
                Some(near) if catalog.spec(&known.spec).is_some() && near != name => format!("did you mean {near:?}?"),
                _ => "`plimsoll list` shows specs and tests; write a test as area::id or area::id@flow".to_owned(),
            };
            return Err(CliError::usage(file.refuse(entry.span(), &wrong, &help)));
        }
        let known = known.clone();
        list.push(KnownDeviation { spec: known.spec, test: known.test, reason: known.reason, expires: known.expires });
    }
    Ok(list)
}
