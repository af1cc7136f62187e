// Command keyless is a Sigstore deployment on loopback, for tests: Fulcio, Rekor (tiles), a timestamp
// authority, and an OIDC issuer of its own.
//
//	keyless FOLDER PEERS
//
// starts the programs of PEERS, writes the keys, trusted_root.json and signing_config.json into
// FOLDER, prints the base URL of the issuer when everything answers, and ends, with all that it
// started, when its standard input does.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
)

func init() {
	// What dies with its parent dies with the thread that started it.
	runtime.LockOSThread()
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: keyless FOLDER PEERS")
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// run starts everything, and says where it is.
func run(folder, peers string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	issuer, err := newIssuer("http://" + listener.Addr().String())
	if err != nil {
		return err
	}
	if err := writeKeys(folder); err != nil {
		return err
	}
	if err := writeConfig(folder, issuer.base); err != nil {
		return err
	}
	go func() { log.Fatal(http.Serve(listener, issuer.routes())) }()
	stage := &stage{folder: folder, peers: peers}
	if err := stage.start(); err != nil {
		return err
	}
	fmt.Println(issuer.base)
	return nil
}
