//! The context in which the server reads the parameters of a kick-off.

use http::Method;

use crate::reference::data::population::Population;
use crate::reference::export::request::ExportRequest;
use crate::reference::fault::active_behaviors::ActiveBehaviors;
use crate::reference::fault::behavior::Behavior;
use crate::reference::personality::spec::Personality;
use crate::reference::reply::ServerReply;
use crate::reference::request::bad_request;

/// The result of reading a parameter: accepted or refused.
pub(crate) type Accepted = Result<(), Box<ServerReply>>;

/// A parameter of a kick-off.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameter<'a> {
    /// The method of the kick-off.
    pub method: &'a Method,
    /// The name of the parameter.
    pub name: &'a str,
    /// The value of the parameter.
    pub value: &'a str,
    /// Whether it is the first with this name.
    pub first: bool,
}

/// The context in which parameters are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ParameterReader<'a> {
    /// The spec that the server implements.
    pub spec: Personality,
    /// The resources that the server has.
    pub population: &'a Population,
    /// Whether the client requested `handling=lenient`.
    pub lenient: bool,
    /// The behaviors that faults switched on.
    pub behaviors: &'a ActiveBehaviors,
}

impl ParameterReader<'_> {
    /// Whether a fault switches on this behavior.
    pub(crate) fn does(&self, behavior: Behavior) -> bool {
        self.behaviors.has(behavior)
    }

    /// Refuses an unsupported parameter, or ignores it with a warning if the client requested `handling=lenient`.
    pub(crate) fn unsupported(&self, export: &mut ExportRequest, text: &str) -> Accepted {
        if !self.lenient || self.spec.edition() < 2 || self.does(Behavior::NeverLenient) {
            return Err(bad_request("not-supported", text));
        }
        export.ignored.push(format!("{text}; it was ignored"));
        Ok(())
    }
}

/// The start of a client's text, for messages.
pub(crate) fn excerpt(text: &str) -> String {
    text.chars().take(80).collect()
}
