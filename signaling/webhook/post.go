package webhook

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/livekit/protocol/auth"
)

const (
	tokenTime    = 5 * time.Minute
	firstPause   = 500 * time.Millisecond
	longestPause = time.Minute
	maxAnswer    = 64 << 10
)

// receiverID names a receiver in the journal without its address, which may hold a secret.
func receiverID(url string) string {
	sum := sha256.Sum256([]byte(url))
	return hex.EncodeToString(sum[:6])
}

func newClient(timeout time.Duration) *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxResponseHeaderBytes = maxAnswer
	t.MaxIdleConnsPerHost = lanesAtOnce
	return &http.Client{
		Transport: t, Timeout: timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// post sends one event, signed. nil: it was acknowledged. Errors do not hold the address.
func (h *Hooks) post(ctx context.Context, url string, body []byte) error {
	sum := sha256.Sum256(body)
	token, err := auth.NewAccessToken(h.o.Key, h.o.Secret).SetValidFor(tokenTime).
		SetSha256(base64.StdEncoding.EncodeToString(sum[:])).ToJWT()
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return withoutURL(err)
	}
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("User-Agent", userAgent)
	r.Header.Set("Authorization", token)
	resp, err := h.client.Do(r)
	if err != nil {
		return withoutURL(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer)) // read, the connection can be used again
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("answered %d", resp.StatusCode)
	}
	return nil
}

// pause is how long to wait after so many failures in a row: doubled each time, and never the same
// for two lanes.
func pause(failures int) time.Duration {
	d := min(firstPause<<min(failures-1, 10), longestPause)
	return d/2 + rand.N(d/2)
}
