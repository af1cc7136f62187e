//! Exit codes: one enum, one table, in `docs/exit-codes.md` for people.

use akua_source::Diagnostic;

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// It did what was asked.
    Success,
    /// Something in what the user gave is wrong, the package included.
    User,
    /// The system refused, or akua is at fault.
    System,
    /// A rule of a policy refuses it.
    Denied,
    /// A server asks for patience.
    RateLimited,
    /// A budget or a time limit was reached.
    Budget,
}

impl Exit {
    /// Returns the number for the shell.
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::User => 1,
            Self::System => 2,
            Self::Denied => 3,
            Self::RateLimited => 4,
            Self::Budget => 6,
        }
    }

    /// Returns how a command ends that fails with this diagnostic. Codes are typed by akua, never
    /// by a package.
    pub(crate) fn of(diagnostic: &Diagnostic) -> Self {
        match diagnostic.code.as_str() {
            "E_IO" | "E_INTERNAL" | "E_OUTPUT_WRITE" | "E_FETCH_NETWORK" | "E_FETCH_PROTOCOL"
            | "E_FETCH_SERVER" | "E_FETCH_TIMEOUT" | "E_PKCS11_TOKEN" | "E_WALL" => Self::System,
            "E_FETCH_RATE" => Self::RateLimited,
            "E_RENDER_BUDGET_DEPTH" | "E_KCL_DEPTH" | "E_KCL_MEMORY" | "E_KCL_STEPS" => {
                Self::Budget
            }
            "E_POLICY_ENGINE" | "E_POLICY_HOST" | "E_POLICY_IMPORT" | "E_POLICY_QUOTA"
            | "E_POLICY_SIGNATURE" => Self::Denied,
            code if code.starts_with("E_BUDGET_") => Self::Budget,
            _ => Self::User,
        }
    }
}
