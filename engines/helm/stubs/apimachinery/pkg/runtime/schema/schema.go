// Package schema has the identifiers of API types.
package schema

import "strings"

// GroupVersion is an API version.
type GroupVersion struct {
	Group   string
	Version string
}

// String returns "group/version", or "version" of the legacy group.
func (gv GroupVersion) String() string {
	if gv.Group == "" {
		return gv.Version
	}
	return gv.Group + "/" + gv.Version
}

// GroupVersionKind is a type of objects.
type GroupVersionKind struct {
	Group   string
	Version string
	Kind    string
}

// GroupVersion returns the API version of the type.
func (gvk GroupVersionKind) GroupVersion() GroupVersion {
	return GroupVersion{Group: gvk.Group, Version: gvk.Version}
}

// String returns the type in words.
func (gvk GroupVersionKind) String() string {
	return gvk.GroupVersion().String() + ", Kind=" + gvk.Kind
}

// GroupVersionResource is a type as the API server's paths name it.
type GroupVersionResource struct {
	Group    string
	Version  string
	Resource string
}

// FromAPIVersionAndKind returns the type that an object says it has.
func FromAPIVersionAndKind(apiVersion, kind string) GroupVersionKind {
	group, version, found := strings.Cut(apiVersion, "/")
	if !found {
		group, version = "", apiVersion
	}
	return GroupVersionKind{Group: group, Version: version, Kind: kind}
}
