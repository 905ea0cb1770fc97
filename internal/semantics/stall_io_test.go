package semantics_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"

	"github.com/asyncio-go/asyncio"
)

// Waits for the network and for pipes that the classifier was not written against.

// quietConn returns a connection on which nothing arrives till the release, which closes it.
func (b *block) quietConn() net.Conn {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	b.must(err)
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	b.must(err)
	peer, err := l.Accept()
	b.must(err)
	b.onRelease(func() { c.Close(); peer.Close() })
	return c
}

// A wire has a connection's methods.
type wire struct{ net.Conn }

func firstOf[T io.Reader](src T) { src.Read(make([]byte, 1)) } // blocks: a generic read

var ioVariants = []blocker{
	{"io: a line of a connection", asyncio.StallIO, "bufio.(*Reader).ReadString", "aionet", func(b *block) {
		r := bufio.NewReader(b.quietConn())
		b.next()
		r.ReadString('\n')
	}},
	{"io: a decoder of a pipe in memory", asyncio.StallIO, "encoding/json.(*Decoder).Decode", "aionet", func(b *block) {
		r, w := io.Pipe()
		b.onRelease(func() { w.Close() })
		var v any
		b.next()
		json.NewDecoder(r).Decode(&v)
	}},
	{"io: a listener behind an interface, deep down", asyncio.StallIO, "net.(*TCPListener).Accept", "aionet", func(b *block) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		b.must(err)
		b.onRelease(func() { l.Close() })
		deeply(500, func() {
			b.next()
			l.Accept()
		})
	}},
	{"io: a promoted method's value", asyncio.StallIO, "net.(*conn).Read", "aionet", func(b *block) {
		read := wire{b.quietConn()}.Read
		b.next()
		read(make([]byte, 1))
	}},
	{"io: a promoted method in a generic function", asyncio.StallIO, "net.(*conn).Read", "aionet", func(b *block) {
		b.marked("a generic read")
		firstOf(wire{b.quietConn()})
	}},
	{"io: a read by reflection", asyncio.StallIO, "reflect.Value.Call", "aionet", func(b *block) {
		read := reflect.ValueOf(b.quietConn()).MethodByName("Read")
		b.next()
		read.Call([]reflect.Value{reflect.ValueOf(make([]byte, 1))})
	}},
	{"io: a request that is not answered", asyncio.StallIO, "net/http.Get", "aiohttp.Do", func(b *block) {
		s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-b.released }))
		defer s.Close()
		b.next()
		r, err := http.Get(s.URL)
		if err == nil {
			r.Body.Close()
		}
		http.DefaultClient.CloseIdleConnections()
	}},
	{"io: the rest of an answer of HTTP/2", asyncio.StallIO, "io.ReadAll", "aionet", func(b *block) {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(200)
			w.(http.Flusher).Flush()
			<-b.released
		}))
		s.EnableHTTP2 = true
		s.StartTLS()
		defer s.Close()
		r, err := s.Client().Get(s.URL)
		b.must(err)
		defer r.Body.Close()
		b.next()
		io.ReadAll(r.Body)
	}},
	{"io: a copy, deferred", asyncio.StallIO, "io.Copy", "aionet", func(b *block) {
		c := b.quietConn()
		defer func() {
			b.next()
			io.Copy(io.Discard, c)
		}()
	}},
	{"io: a scan of a pipe", asyncio.StallIO, "fmt.Fscan", "aionet", func(b *block) {
		r, w, err := os.Pipe()
		b.must(err)
		defer r.Close()
		b.onRelease(func() { w.Close() })
		var n int
		b.next()
		fmt.Fscan(r, &n)
	}},
}
