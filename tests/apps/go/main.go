// SPDX-License-Identifier: Apache-2.0

// A small web service: every request gets a number and an identifier.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"sync/atomic"

	"github.com/google/uuid"
)

var served int64

func greet(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "%s %d %s\n", greeting, atomic.AddInt64(&served, 1), uuid.NewSHA1(uuid.NameSpaceURL, []byte(r.URL.Path)))
}

func main() {
	http.HandleFunc("/", greet)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
