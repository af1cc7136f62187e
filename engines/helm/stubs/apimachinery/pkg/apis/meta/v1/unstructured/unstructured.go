// Package unstructured has objects without a type.
package unstructured

// Unstructured is an object.
type Unstructured struct {
	Object map[string]any
}

// UnstructuredContent returns the object.
func (u *Unstructured) UnstructuredContent() map[string]any { return u.Object }

// UnstructuredList is a list of objects.
type UnstructuredList struct {
	Object map[string]any
}

// UnstructuredContent returns the list.
func (u *UnstructuredList) UnstructuredContent() map[string]any { return u.Object }
