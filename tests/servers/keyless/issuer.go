package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"strings"
	"time"
)

const (
	// audience is who tokens are for.
	audience = "sigstore"
	// people is the path of the issuer for people.
	people = "/people"
	// workflows is the path of the issuer for workflows of GitHub.
	workflows = "/workflows"
	// bearer is the secret that a workflow shows to get its token, as GitHub has it.
	bearer = "request-token-of-a-test"
)

// issuer signs tokens with a key that lives as long as the process.
type issuer struct {
	base string
	key  *rsa.PrivateKey
}

func newIssuer(base string) (*issuer, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	return &issuer{base: base, key: key}, err
}

// routes serves discovery and keys of both issuers, and tokens: people's for the asking, a
// workflow's as GitHub Actions has it (ACTIONS_ID_TOKEN_REQUEST_URL).
func (i *issuer) routes() http.Handler {
	mux := http.NewServeMux()
	for _, path := range []string{people, workflows} {
		mux.HandleFunc("GET "+path+"/.well-known/openid-configuration", i.discovery(path))
		mux.HandleFunc("GET "+path+"/keys", i.keys)
	}
	mux.HandleFunc("GET "+people+"/token", func(w http.ResponseWriter, r *http.Request) {
		life := time.Hour
		if r.FormValue("expired") != "" {
			life = -time.Hour
		}
		mail := r.FormValue("email")
		claims := map[string]any{"sub": mail, "email": mail, "email_verified": true}
		_, _ = w.Write([]byte(i.token(people, r.FormValue("audience"), life, claims)))
	})
	mux.HandleFunc("GET "+workflows+"/token", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "bearer "+bearer && r.Header.Get("Authorization") != "Bearer "+bearer {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		token := i.token(workflows, r.FormValue("audience"), time.Hour, workflow())
		reply(w, map[string]any{"value": token})
	})
	return mux
}

// workflow is what GitHub says about a run.
func workflow() map[string]any {
	const repository = "octo-org/octo-repo"
	return map[string]any{
		"sub":                   "repo:" + repository + ":ref:refs/heads/main",
		"job_workflow_ref":      repository + "/.github/workflows/release.yaml@refs/heads/main",
		"job_workflow_sha":      "0123456789abcdef0123456789abcdef01234567",
		"workflow_ref":          repository + "/.github/workflows/release.yaml@refs/heads/main",
		"workflow_sha":          "0123456789abcdef0123456789abcdef01234567",
		"sha":                   "0123456789abcdef0123456789abcdef01234567",
		"event_name":            "push",
		"repository":            repository,
		"repository_id":         "1",
		"repository_owner":      "octo-org",
		"repository_owner_id":   "2",
		"repository_visibility": "public",
		"workflow":              "release",
		"ref":                   "refs/heads/main",
		"runner_environment":    "github-hosted",
		"run_id":                "3",
		"run_attempt":           "1",
	}
}

// token returns a signed token (RS256).
func (i *issuer) token(path, audience string, life time.Duration, claims map[string]any) string {
	now := time.Now()
	claims["iss"] = i.base + path
	claims["aud"] = audience
	claims["iat"] = now.Add(-time.Minute).Unix()
	claims["exp"] = now.Add(life).Unix()
	header := encode(map[string]any{"alg": "RS256", "kid": "1", "typ": "JWT"})
	text := header + "." + encode(claims)
	digest := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, i.key, crypto.SHA256, digest[:])
	if err != nil {
		return ""
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// discovery says where the keys are.
func (i *issuer) discovery(path string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		reply(w, map[string]any{
			"issuer":                                i.base + path,
			"jwks_uri":                              i.base + path + "/keys",
			"authorization_endpoint":                i.base + path + "/authorize",
			"token_endpoint":                        i.base + path + "/token",
			"response_types_supported":              []string{"code"},
			"subject_types_supported":               []string{"public"},
			"id_token_signing_alg_values_supported": []string{"RS256"},
		})
	}
}

// keys serves the public key.
func (i *issuer) keys(w http.ResponseWriter, _ *http.Request) {
	number := func(n *big.Int) string { return base64.RawURLEncoding.EncodeToString(n.Bytes()) }
	key := map[string]any{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1",
		"n": number(i.key.N), "e": number(big.NewInt(int64(i.key.E))),
	}
	reply(w, map[string]any{"keys": []any{key}})
}

// reply writes JSON.
func reply(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

// encode is the base64url of a value's JSON.
func encode(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return strings.TrimRight(base64.URLEncoding.EncodeToString(text), "=")
}
