package crowd

import (
	"bytes"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// The page is well formed, asks for nothing from elsewhere, and shows what there is; also where nothing was.
func TestPageStandsAlone(t *testing.T) {
	full := &Report{Classes: 1, People: 3, Seconds: 2, Course: []Moment{{At: 1, Here: 2, Packets: 1200, Server: 0.5}, {At: 2, Here: 3, Packets: 1999, Own: 0.1}}}
	full.Errors = []string{"<blink>&"}
	for name, r := range map[string]*Report{"full": full, "empty": {}} {
		var b bytes.Buffer
		if err := r.WriteHTML(&b); err != nil {
			t.Fatal(err)
		}
		lines := 0
		for at := html.NewTokenizer(&b); ; {
			kind := at.Next()
			if kind == html.ErrorToken {
				break
			}
			token := at.Token()
			for _, a := range token.Attr {
				if a.Key == "src" || a.Key == "href" || strings.Contains(a.Val, "://") {
					t.Errorf("%s: <%s %s=%q>", name, token.Data, a.Key, a.Val)
				}
				if token.Data == "polyline" && a.Key == "points" && a.Val != "" {
					lines++
				}
			}
			if token.Data == "blink" && kind == html.StartTagToken {
				t.Errorf("%s: an error's text is markup", name)
			}
		}
		if want := 5; name == "full" && lines != want {
			t.Errorf("%d lines are drawn, not %d", lines, want)
		}
	}
	p := plot{Seconds: []float64{1, 2}, Lines: []line{{"a", []float64{1200, 1999}}}}
	if p.Top() != 2000 || p.Points(p.Lines[0]) != "300.0,64.0 600.0,0.1" {
		t.Errorf("top %v, points %q", p.Top(), p.Points(p.Lines[0]))
	}
}
