// Package v1 has the types that helm's `lookup` names.
package v1

// GetOptions are options.
type GetOptions struct{}

// ListOptions are options.
type ListOptions struct{}

// APIResource describes a resource of an API server.
type APIResource struct {
	Name       string
	Namespaced bool
	Group      string
	Version    string
	Kind       string
}

// APIResourceList is a list of resources.
type APIResourceList struct {
	APIResources []APIResource
}
