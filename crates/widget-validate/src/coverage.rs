//! What a report has looked at. Silence about an area must not read as approval.

use std::fmt;

/// An area of rules that may or may not have been looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Area {
    /// Members, types and sizes of the document.
    Structure,
    /// The URL and its origin.
    Origin,
    /// The size of the frame.
    Frame,
    /// The sandbox of the frame.
    Sandbox,
    /// Browser features granted to the frame.
    Permissions,
    /// The Content-Security-Policy of the response, except who may frame it.
    Csp,
    /// Whether the response may be framed by the embedder.
    Framing,
    /// CORS headers of the response.
    Cors,
    /// Other headers of the response.
    Headers,
    /// A JSON schema handed in.
    Schema,
}

impl Area {
    /// Every area, in the order of reports.
    pub const ALL: [Area; 10] = [
        Area::Structure,
        Area::Origin,
        Area::Frame,
        Area::Sandbox,
        Area::Permissions,
        Area::Csp,
        Area::Framing,
        Area::Cors,
        Area::Headers,
        Area::Schema,
    ];

    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Area::Structure => "structure",
            Area::Origin => "origin",
            Area::Frame => "frame",
            Area::Sandbox => "sandbox",
            Area::Permissions => "permissions",
            Area::Csp => "csp",
            Area::Framing => "framing",
            Area::Cors => "cors",
            Area::Headers => "headers",
            Area::Schema => "schema",
        }
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether an area was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// Every rule of the area was applied.
    Yes,
    /// It was not, for this reason.
    No(&'static str),
}

/// One answer an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coverage {
    areas: [Checked; Area::ALL.len()],
}

impl Coverage {
    pub(crate) fn nothing(reason: &'static str) -> Coverage {
        Coverage {
            areas: [Checked::No(reason); Area::ALL.len()],
        }
    }

    pub(crate) fn set(&mut self, area: Area, checked: Checked) {
        self.areas[area as usize] = checked;
    }

    /// Whether the area was looked at.
    pub fn of(&self, area: Area) -> Checked {
        self.areas[area as usize]
    }

    /// The areas that were not looked at, with the reasons.
    pub fn unchecked(&self) -> impl Iterator<Item = (Area, &'static str)> + '_ {
        Area::ALL
            .into_iter()
            .filter_map(|area| match self.of(area) {
                Checked::Yes => None,
                Checked::No(reason) => Some((area, reason)),
            })
    }
}
