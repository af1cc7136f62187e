package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// auth asks for a password or a token before it lets a request through.
type auth struct {
	user     string
	bearer   bool
	identity string
	tokens   sync.Map
}

// wrap returns next behind the check.
func (a *auth) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.admits(r) {
			next.ServeHTTP(w, r)
			return
		}
		challenge := `Basic realm="test"`
		if a.bearer {
			scheme := "http"
			if r.TLS != nil {
				scheme = "https"
			}
			challenge = fmt.Sprintf(`Bearer realm="%s://%s/token",service="test, registry"`, scheme, r.Host)
		}
		w.Header().Set("WWW-Authenticate", challenge)
		http.Error(w, "who are you?", http.StatusUnauthorized)
	})
}

// admits reports whether the request shows what is asked for; a token must cover the repository.
func (a *auth) admits(r *http.Request) bool {
	if a.bearer {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		scope, known := a.tokens.Load(token)
		return known && covers(scope.(string), r)
	}
	return a.known(r)
}

// covers reports whether a scope allows the request.
func covers(scope string, r *http.Request) bool {
	parts := strings.Split(scope, ":")
	if len(parts) != 3 || !strings.HasPrefix(r.URL.Path, "/v2/"+parts[1]+"/") {
		return false
	}
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	return reads || parts[2] == "pull,push"
}

// known reports whether the request shows the password, if there is one.
func (a *auth) known(r *http.Request) bool {
	user, password, _ := r.BasicAuth()
	return a.user == "" || user+":"+password == a.user
}

// token gives out tokens.
func (a *auth) token(w http.ResponseWriter, r *http.Request) {
	refreshed := r.Method == http.MethodPost && a.identity != "" &&
		r.FormValue("grant_type") == "refresh_token" && r.FormValue("refresh_token") == a.identity
	if r.FormValue("service") != "test, registry" || !(refreshed || r.Method == http.MethodGet && a.known(r)) {
		http.Error(w, "no token for you", http.StatusUnauthorized)
		return
	}
	token := rand.Text()
	a.tokens.Store(token, r.FormValue("scope"))
	name := "token"
	if refreshed {
		name = "access_token"
	}
	json.NewEncoder(w).Encode(map[string]string{name: token})
}
