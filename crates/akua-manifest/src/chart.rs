//! `Chart.yaml`: what is read of it. Its YAML is decoded in a Store; this reads the JSON of it.

use serde::Deserialize;

/// What a chart says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Chart {
    /// Its name.
    pub name: String,
    /// Its version.
    #[serde(default)]
    pub version: String,
    /// The charts that it depends on.
    #[serde(default, deserialize_with = "or_none")]
    pub dependencies: Vec<ChartDependency>,
}

/// A chart that a chart depends on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ChartDependency {
    /// Its name.
    pub name: String,
    /// A version or range.
    #[serde(default)]
    pub version: String,
    /// Where it comes from: `https://…`, `oci://…`, `file://…`, or nothing where it is vendored.
    #[serde(default)]
    pub repository: Option<String>,
}

/// Reads a list, which may be null.
fn or_none<'d, D: serde::Deserializer<'d>>(from: D) -> Result<Vec<ChartDependency>, D::Error> {
    Ok(Option::<Vec<ChartDependency>>::deserialize(from)?.unwrap_or_default())
}

impl Chart {
    /// Reads the JSON of a `Chart.yaml`.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn from_json(json: &str) -> Result<Self, String> {
        let chart: Self = serde_json::from_str(json).map_err(|error| {
            // The place is one in JSON that nobody sees.
            error.to_string().split(" at line ").next().unwrap_or_default().to_owned()
        })?;
        if chart.name.is_empty() { Err("it has no `name`".to_owned()) } else { Ok(chart) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_has_a_name_and_dependencies() {
        let json = r#"{"apiVersion": "v2", "name": "web", "version": "1.2.3", "dependencies": [
            {"name": "common", "version": "2.x", "repository": "oci://r/charts", "tags": ["a"]}]}"#;
        let chart = Chart::from_json(json).expect("reads");
        assert_eq!((&*chart.name, &*chart.version), ("web", "1.2.3"));
        let repository = chart.dependencies.first().and_then(|found| found.repository.as_deref());
        assert_eq!(repository, Some("oci://r/charts"));
        assert!(Chart::from_json("{}").is_err());
        assert!(Chart::from_json(r#"{"name": 1}"#).is_err());
    }
}
