package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
)

// flip changes one byte of what lies at one path: the test says which by a POST to
// /flip?path=PATH&byte=N, and is told by a GET what was answered since then, a size and a path a line.
type flip struct {
	sync.Mutex
	path string
	byte int
	seen []string
}

// control answers the test.
func (f *flip) control(w http.ResponseWriter, r *http.Request) {
	f.Lock()
	defer f.Unlock()
	if r.Method == http.MethodGet {
		fmt.Fprint(w, strings.Join(f.seen, ""))
		return
	}
	f.seen = nil
	f.path = r.FormValue("path")
	f.byte, _ = strconv.Atoi(r.FormValue("byte"))
}

// wrap returns next with one byte of what it gives out changed.
func (f *flip) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			next.ServeHTTP(w, r)
			return
		}
		recorded := httptest.NewRecorder()
		next.ServeHTTP(recorded, r)
		body := bytes.Clone(recorded.Body.Bytes())
		f.Lock()
		if r.URL.Path == f.path && f.byte < len(body) {
			body[f.byte] ^= 1
		}
		f.seen = append(f.seen, fmt.Sprintf("%d %s\n", len(body), r.URL.Path))
		f.Unlock()
		for name, values := range recorded.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(recorded.Code)
		w.Write(body)
	})
}
