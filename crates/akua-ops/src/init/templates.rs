//! What a package may begin with.

/// What a package begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// KCL alone.
    Minimal,
    /// A Helm chart, in the package.
    Helm,
    /// A kustomize overlay, in the package.
    Kustomize,
    /// A Package that renders another one.
    Composed,
}

impl Template {
    /// Returns the files, by their path below the package.
    pub(super) fn files(self, name: &str) -> Vec<(String, String)> {
        let mut files = vec![
            file("akua.toml", &manifest(name, self.dependencies())),
            file("inputs.example.yaml", self.inputs()),
            file(".gitignore", IGNORE),
        ];
        match self {
            Self::Minimal => files.push(file("package.k", MINIMAL)),
            Self::Helm => files.extend([
                file("package.k", HELM),
                file("charts/web/Chart.yaml", CHART),
                file("charts/web/values.yaml", VALUES),
                file("charts/web/templates/deployment.yaml", DEPLOYMENT),
            ]),
            Self::Kustomize => files.extend([
                file("package.k", KUSTOMIZE),
                file("overlays/dev/kustomization.yaml", OVERLAY),
                file("base/kustomization.yaml", BASE),
                file("base/deployment.yaml", BASE_DEPLOYMENT),
            ]),
            Self::Composed => files.extend([
                file("package.k", COMPOSED),
                file("packages/web/akua.toml", &manifest("web", "")),
                file("packages/web/package.k", MINIMAL),
            ]),
        }
        files.sort();
        files
    }

    fn dependencies(self) -> &'static str {
        match self {
            Self::Minimal | Self::Kustomize => "",
            Self::Helm => "\n[dependencies]\nweb = { path = \"./charts/web\" }\n",
            Self::Composed => "\n[dependencies]\nweb = { path = \"./packages/web\" }\n",
        }
    }

    fn inputs(self) -> &'static str {
        match self {
            Self::Minimal | Self::Helm => "name: web\nreplicas: 2\n",
            Self::Kustomize => "team: platform\n",
            Self::Composed => "host: web.example.com\n",
        }
    }
}

fn file(path: &str, text: &str) -> (String, String) {
    (path.to_owned(), text.to_owned())
}

fn manifest(name: &str, rest: &str) -> String {
    let edition = akua_manifest::EDITION;
    format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"{edition}\"\n{rest}")
}

const IGNORE: &str = "/deploy/\n/.akua/staging/\n";

const MINIMAL: &str = r#"import akua.ctx

schema Input:
    """What whoever renders the package decides."""
    name: str = "web"
    replicas: int = 2

    check:
        replicas > 0, "replicas must be positive"

input: Input = ctx.input()

resources = [{
    apiVersion = "apps/v1"
    kind = "Deployment"
    metadata.name = input.name
    spec = {
        replicas = input.replicas
        selector.matchLabels = {app = input.name}
        template = {
            metadata.labels = {app = input.name}
            spec.containers = [{name = "web", image = "nginx:1.29"}]
        }
    }
}]
"#;

const HELM: &str = r#"import akua.ctx
import charts.web

schema Input:
    """What whoever renders the package decides."""
    name: str = "web"
    replicas: int = 2

    check:
        replicas > 0, "replicas must be positive"

input: Input = ctx.input()

resources = web.template({
    release = input.name
    values = {replicaCount = input.replicas}
})
"#;

const CHART: &str = "apiVersion: v2\nname: web\nversion: 0.1.0\n";

const VALUES: &str = "replicaCount: 1\nimage: nginx:1.29\n";

const DEPLOYMENT: &str = r"apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  replicas: {{ .Values.replicaCount }}
  selector:
    matchLabels:
      app: {{ .Release.Name }}
  template:
    metadata:
      labels:
        app: {{ .Release.Name }}
    spec:
      containers:
        - name: web
          image: {{ .Values.image | quote }}
";

const KUSTOMIZE: &str = r#"import akua.ctx
import akua.kustomize

schema Input:
    """What whoever renders the package decides."""
    team: str = "platform"

input: Input = ctx.input()

_overlay = kustomize.build({path = "overlays/dev"})
_team = {
    metadata.labels = {team = input.team}
}

resources = [object | _team for object in _overlay]
"#;

const OVERLAY: &str = "resources:\n  - ../../base\nnamePrefix: dev-\n";

const BASE: &str = "resources:\n  - deployment.yaml\n";

const BASE_DEPLOYMENT: &str = r"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
        - name: web
          image: nginx:1.29
";

const COMPOSED: &str = r#"import akua.ctx
import akua.pkg

schema Input:
    """What whoever renders the package decides."""
    host: str = "web.example.com"

input: Input = ctx.input()

_web = pkg.render({
    package = "web"
    inputs = {name = "web", replicas = 3}
})

resources = _web + [{
    apiVersion = "v1"
    kind = "ConfigMap"
    metadata.name = "host"
    data = {host = input.host}
}]
"#;
