package aionet_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// A recordWriter writes TLS 1.3 records with its own keys. It can send KeyUpdate requests, which
// crypto/tls does not send.
type recordWriter struct {
	to       io.Writer
	newHash  func() hash.Hash
	keyLen   int
	secret   []byte
	aead     cipher.AEAD
	iv       []byte
	sequence uint64
}

const (
	applicationData  = 23
	handshakeMessage = 22
)

// newRecordWriter takes over from a tls.Conn that has done the client's handshake, and
// has written nothing since. keyLog is what it gave to Config.KeyLogWriter.
func newRecordWriter(to io.Writer, suite uint16, keyLog string) (*recordWriter, error) {
	w := &recordWriter{to: to}
	switch suite {
	case tls.TLS_AES_128_GCM_SHA256:
		w.newHash, w.keyLen = sha256.New, 16
	case tls.TLS_AES_256_GCM_SHA384:
		w.newHash, w.keyLen = sha512.New384, 32
	default:
		return nil, fmt.Errorf("%s: the cipher must be AES-GCM", tls.CipherSuiteName(suite))
	}
	for lines := bufio.NewScanner(strings.NewReader(keyLog)); lines.Scan(); {
		if f := strings.Fields(lines.Text()); len(f) == 3 && f[0] == "CLIENT_TRAFFIC_SECRET_0" {
			secret, err := hex.DecodeString(f[2])
			if err != nil {
				return nil, err
			}
			return w, w.use(secret)
		}
	}
	return nil, errors.New("the key log has no CLIENT_TRAFFIC_SECRET_0")
}

// use begins to write with the keys of a secret (RFC 8446, section 7.3).
func (w *recordWriter) use(secret []byte) error {
	key, err := w.expand(secret, "key", w.keyLen)
	if err != nil {
		return err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return err
	}
	if w.aead, err = cipher.NewGCM(block); err != nil {
		return err
	}
	w.secret, w.sequence = secret, 0
	w.iv, err = w.expand(secret, "iv", w.aead.NonceSize())
	return err
}

// expand is HKDF-Expand-Label without a context.
func (w *recordWriter) expand(secret []byte, label string, length int) ([]byte, error) {
	label = "tls13 " + label
	info := binary.BigEndian.AppendUint16(nil, uint16(length))
	info = append(append(append(info, byte(len(label))), label...), 0)
	return hkdf.Expand(w.newHash, secret, string(info), length)
}

// record encrypts a message (RFC 8446, section 5.2).
func (w *recordWriter) record(kind byte, message []byte) []byte {
	plain := append(bytes.Clone(message), kind)
	header := []byte{applicationData, 3, 3}
	header = binary.BigEndian.AppendUint16(header, uint16(len(plain)+w.aead.Overhead()))
	nonce := bytes.Clone(w.iv)
	for i, b := range binary.BigEndian.AppendUint64(nil, w.sequence) {
		nonce[len(nonce)-8+i] ^= b
	}
	w.sequence++
	return w.aead.Seal(header, nonce, plain, header)
}

// askForKeyUpdate writes a KeyUpdate that asks for one in return, and a byte of data
// with the new keys: without any, crypto/tls gives up after 16.
func (w *recordWriter) askForKeyUpdate(data byte) error {
	records := w.record(handshakeMessage, []byte{24, 0, 0, 1, 1})
	next, err := w.expand(w.secret, "traffic upd", w.newHash().Size())
	if err != nil {
		return err
	}
	if err := w.use(next); err != nil {
		return err
	}
	_, err = w.to.Write(append(records, w.record(applicationData, []byte{data})...))
	return err
}

// updater is a client that can ask for key updates, and the server that it is
// connected to.
func updater(ctx context.Context, t *testing.T) (*aionet.Conn, *tls.Conn, *recordWriter, *aionet.TLSConn) {
	t.Helper()
	a, b := pair(ctx, t)
	serving := asyncio.CreateTask(ctx, func(ctx context.Context) (*aionet.TLSConn, error) { return aionet.TLSServer(ctx, b, serverConfig()) })
	var keyLog strings.Builder
	cfg := clientConfig()
	cfg.KeyLogWriter = &keyLog
	c := tls.Client(a, cfg)
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	s, err := serving.Await(ctx)
	if err != nil {
		t.Fatal(err)
	}
	w, err := newRecordWriter(a, c.ConnectionState().CipherSuite, keyLog.String())
	if err != nil {
		lacks(t, "hardware for AES: %v", err) // without it the suite may be another
	}
	return a, c, w, s
}

// While one task of the server writes and another reads, the client asks for key
// updates: the answers come between the records, and all can be decrypted.
func TestTLS_keyUpdates(t *testing.T) {
	everywhere(t, func(ctx context.Context, t *testing.T) {
		a, c, w, s := updater(ctx, t)
		// More than 16 answers with no data between them are too many for crypto/tls.
		const rounds, asked, answered = 30, 8, 150_000
		begun := asyncio.NewSemaphore(rounds)
		for range rounds {
			begun.TryAcquire()
		}
		reader := spawn(ctx, t, "server's reader", func(context.Context) error {
			p := make([]byte, 1)
			for i := range rounds * asked {
				if _, err := s.Read(p); err != nil || p[0] != byte(i) {
					return fmt.Errorf("byte %d is %d: %w", i, p[0], err)
				}
				if i%asked == 0 {
					begun.Release()
				}
			}
			return nil
		})
		writer := spawn(ctx, t, "server's writer", func(context.Context) error {
			for range rounds {
				if err := begun.Acquire(ctx); err != nil {
					return err
				}
				if _, err := s.Write(make([]byte, answered)); err != nil {
					return err
				}
			}
			return s.CloseWrite()
		})
		for i := range rounds * asked {
			if err := w.askForKeyUpdate(byte(i)); err != nil {
				t.Fatalf("update %d: %v", i, err)
			}
			if i%asked == asked-1 {
				if _, err := io.CopyN(io.Discard, c, answered); err != nil {
					t.Fatalf("the client's Read after update %d: %v", i, err)
				}
			}
		}
		await(ctx, t, reader, writer)
		if n, err := io.Copy(io.Discard, c); n != 0 || err != nil {
			t.Errorf("the end: %d, %v", n, err)
		}
		s.Close()
		a.Close()
	})
}

// A client requests key updates without end and reads none of the answers. The server buffers a
// bounded number of answers and then stops reading. The loop is not blocked, and waiting calls can
// be cancelled.
func TestTLS_keyUpdatesOfAPeerThatNeverReads(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		for _, writes := range []bool{false, true} {
			a, _, w, s := updater(ctx, t)
			const far = 50_000 // it would be more than a megabyte of answers
			asked, most := 0, 0
			asking := asyncio.Go(ctx, func(context.Context) error {
				for ; asked < far; asked++ {
					if err := w.askForKeyUpdate(0); err != nil {
						return err
					}
				}
				return nil
			})
			reader := asyncio.Go(ctx, func(context.Context) error {
				for p := make([]byte, 64); ; most = max(most, aionet.Pending(s)) {
					if _, err := s.Read(p); err != nil {
						return err
					}
				}
			})
			writer := asyncio.Go(ctx, func(context.Context) error {
				if !writes {
					return nil
				}
				_, err := s.Write(make([]byte, 1<<20))
				return err
			})
			asyncio.Sleep(ctx, time.Hour) // nothing changes any more
			if asked == far {
				t.Errorf("the server read on, and answered %d times", far)
			}
			if most <= aionet.MaxPending || most > aionet.MaxPending+32<<10 {
				t.Errorf("at most %d bytes were pending, want a little more than %d", most, aionet.MaxPending)
			}
			s.SetReadDeadline(time.Now().Add(time.Second))
			if _, err := reader.Await(ctx); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("the reader: %v", err)
			}
			before := time.Now()
			if err := s.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
			waited := 5 * time.Second
			if writes { // it is cut off, so that there is nothing to wait for
				waited = 0
			}
			if took := time.Since(before); took != waited {
				t.Errorf("Close waited for %v, want %v", took, waited)
			}
			if _, err := writer.Await(ctx); writes && !errors.Is(err, net.ErrClosed) {
				t.Errorf("the writer: %v", err)
			}
			if _, err := asking.Await(ctx); err == nil {
				t.Error("the client was not cut off")
			}
			a.Close()
			asyncio.Sleep(ctx, 0)
		}
	})
}

// When the peer begins to read, the connection continues: all answers and the later data arrive.
func TestTLS_keyUpdatesOfAPeerThatReadsLate(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		a, _, w, s := updater(ctx, t)
		const updates = 10_000 // more than there is room for
		asked := 0
		asking := spawn(ctx, t, "client's writer", func(context.Context) error {
			for ; asked < updates; asked++ {
				if err := w.askForKeyUpdate(0); err != nil {
					return err
				}
			}
			return nil
		})
		reader := spawn(ctx, t, "server's reader", func(context.Context) error {
			_, err := io.ReadFull(s, make([]byte, updates))
			return err
		})
		asyncio.Sleep(ctx, time.Hour)
		if asked == updates {
			t.Fatal("there was room for everything")
		}
		var raw int64
		drain := spawn(ctx, t, "client's reader", func(context.Context) (err error) {
			raw, err = io.Copy(io.Discard, a)
			return err
		})
		await(ctx, t, asking, reader)
		if _, err := s.Write([]byte("hello")); err != nil {
			t.Errorf("Write: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		await(ctx, t, drain)
		const header, overhead = 5, 1 + 16
		if want := int64(updates*(header+5+overhead) + header + 5 + overhead + header + 2 + overhead); raw < want {
			t.Errorf("%d bytes arrived, want at least %d", raw, want)
		}
		a.Close()
	})
}
