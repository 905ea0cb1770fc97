package aionet_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// An authority signs certificates for tests.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pool *x509.CertPool
}

var theAuthority = sync.OnceValue(func() *authority {
	a := &authority{pool: x509.NewCertPool()}
	a.key, a.cert = a.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "the tests' authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
	a.pool.AddCert(a.cert)
	return a
})

// sign completes the template; the authority's own, the first one, signs itself.
func (a *authority) sign(template *x509.Certificate) (*ecdsa.PrivateKey, *x509.Certificate) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		panic(err)
	}
	template.NotBefore, template.NotAfter = time.Unix(0, 0), time.Unix(1<<33, 0)
	parent, by := a.cert, a.key
	if parent == nil {
		parent, by = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return key, cert
}

func (a *authority) certificate(template *x509.Certificate) tls.Certificate {
	key, cert := a.sign(template)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
}

const serverName = "server.test"

var serverCertificate = sync.OnceValue(func() tls.Certificate {
	return theAuthority().certificate(&x509.Certificate{
		DNSNames: []string{serverName}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
})

func serverConfig() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{serverCertificate()}}
}

func clientConfig() *tls.Config {
	return &tls.Config{RootCAs: theAuthority().pool, ServerName: serverName}
}

// everywhere runs body over real sockets and over a network in memory, in virtual time,
// that delays and cuts in pieces what it carries.
func everywhere(t *testing.T, body func(ctx context.Context, t *testing.T)) {
	t.Run("sockets", func(t *testing.T) { onSockets(t, body) })
	t.Run("memory", func(t *testing.T) {
		n := asynciotest.NewNetwork(asynciotest.Latency(0, 3*time.Millisecond), asynciotest.Chunks(20_000))
		asynciotest.Run(t, body, asynciotest.WithNetwork(n))
	})
}

// onSockets runs body over real sockets.
func onSockets(t *testing.T, body func(ctx context.Context, t *testing.T)) {
	t.Helper()
	onLoop(t, func(ctx context.Context) { body(ctx, t) })
}

// secured returns the client's and the server's end of a TLS connection.
func secured(ctx context.Context, t *testing.T, client, server *tls.Config) (c, s *aionet.TLSConn) {
	t.Helper()
	a, b := pair(ctx, t)
	serving := asyncio.CreateTask(ctx, func(ctx context.Context) (*aionet.TLSConn, error) { return aionet.TLSServer(ctx, b, server) })
	c, err := aionet.TLSClient(ctx, a, client)
	if err != nil {
		t.Fatal(err)
	}
	if s, err = serving.Await(ctx); err != nil {
		t.Fatal(err)
	}
	return c, s
}

// spawn makes fn a task whose error fails the test.
func spawn(ctx context.Context, t *testing.T, name string, fn func(ctx context.Context) error) *asyncio.Task[struct{}] {
	t.Helper()
	return asyncio.Go(ctx, func(ctx context.Context) error {
		if err := fn(ctx); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return nil
	}, asyncio.Name(name))
}

// await waits for tasks of spawn.
func await(ctx context.Context, t *testing.T, tasks ...*asyncio.Task[struct{}]) {
	t.Helper()
	if _, err := asyncio.Gather(ctx, tasks...); err != nil {
		t.Fatal(err)
	}
}
