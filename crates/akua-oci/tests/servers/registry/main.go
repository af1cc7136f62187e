// Command registry serves an OCI registry out of memory and git repositories out of a directory, on
// loopback, for the tests of akua-oci. Once it listens, it prints its port on standard output; it ends
// when its standard input does.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/cgi"
	"os"

	"cuelabs.dev/go/oci/ociregistry/ocimem"
	"cuelabs.dev/go/oci/ociregistry/ociserver"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to listen on")
	basic := flag.String("basic", "", "user:password that every request must show")
	bearer := flag.Bool("bearer", false, "ask for tokens of this server's own /token; with -basic, only that user gets one")
	identity := flag.String("identity", "", "refresh token that /token also takes")
	referrers := flag.Bool("referrers", true, "serve the referrers API")
	git := flag.String("git", "", "git's http-backend program; serves -root below /git/")
	root := flag.String("root", "", "directory of git repositories")
	cert := flag.String("tls-cert", "", "certificate chain; serves https")
	key := flag.String("tls-key", "", "its key")
	flips := flag.Bool("flip", false, "change bytes of answers as /flip is told")
	flag.Parse()

	options := &ociserver.Options{DisableReferrersAPI: !*referrers}
	mux := http.NewServeMux()
	guard := auth{user: *basic, bearer: *bearer, identity: *identity}
	registry := ociserver.New(ocimem.New(), options)
	if !*referrers {
		registry = withoutSubject(registry)
	}
	if *flips {
		flipper := &flip{}
		registry = flipper.wrap(registry)
		mux.HandleFunc("/flip", flipper.control)
	}
	mux.Handle("/v2/", guard.wrap(registry))
	mux.HandleFunc("/token", guard.token)
	mux.Handle("/files/", guard.wrap(http.StripPrefix("/files/", http.FileServer(http.Dir(*root)))))
	if *git != "" {
		mux.Handle("/git/", guard.wrap(backend(*git, *root)))
		mux.Handle("/moved/", http.StripPrefix("/moved", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/git"+r.URL.Path+"?"+r.URL.RawQuery, http.StatusMovedPermanently)
		})))
	}

	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	if *cert != "" {
		log.Fatal(http.ServeTLS(listener, mux, *cert, *key))
	}
	log.Fatal(http.Serve(listener, mux))
}

// silent is an answer that does not say OCI-Subject.
type silent struct{ http.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (s silent) WriteHeader(status int) {
	s.Header().Del("OCI-Subject")
	s.ResponseWriter.WriteHeader(status)
}

// withoutSubject makes the server as silent as one that does not know referrers; by itself it says
// OCI-Subject even with the API switched off.
func withoutSubject(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(silent{w}, r)
	})
}

// backend runs git's own server program once a request.
func backend(program, root string) http.Handler {
	return &cgi.Handler{
		Path: program,
		Root: "/git",
		Env:  []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1", "HOME=" + root},
	}
}
