package crowd

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"
)

//go:embed page.html
var pageSource string

var page = template.Must(template.New("page").Parse(pageSource))

// WriteHTML writes a page that needs nothing else: the figures, and their course as pictures.
func (r *Report) WriteHTML(w io.Writer) error {
	course := func(value func(Moment) float64) []float64 {
		values := make([]float64, len(r.Course))
		for i, m := range r.Course {
			values[i] = value(m)
		}
		return values
	}
	plots := []plot{
		{Title: "People", Lines: []line{{"here", course(func(m Moment) float64 { return float64(m.Here) })}}},
		{Title: "Packets received, a second", Lines: []line{{"packets", course(func(m Moment) float64 { return float64(m.Packets) })}}},
		{Title: "Packets lost, so far", Lines: []line{{"lost", course(func(m Moment) float64 { return float64(m.Lost) })}}},
		{Title: "Cores", Lines: []line{
			{"server", course(func(m Moment) float64 { return m.Server })}, {"load", course(func(m Moment) float64 { return m.Own })},
		}},
	}
	for i := range plots {
		plots[i].Seconds = course(func(m Moment) float64 { return m.At })
	}
	return page.Execute(w, struct {
		*Report
		Figures []figure
		Plots   []plot
	}{r, r.figures(), plots})
}

// figure is a line of the report's text.
type figure struct{ Name, Text string }

func (r *Report) figures() (all []figure) {
	for line := range strings.Lines(r.String()) {
		name, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		all = append(all, figure{name, strings.TrimSpace(text)})
	}
	return all
}

// plot is one picture: lines over the seconds.
type plot struct {
	Title   string
	Seconds []float64
	Lines   []line
}

type line struct {
	Name   string
	Values []float64
}

// The picture's inside, in its own units.
const (
	plotWidth  = 600.0
	plotHeight = 160.0
)

// Top is the axis's end: a round number that nothing exceeds.
func (p plot) Top() float64 {
	most := 0.0
	for _, l := range p.Lines {
		for _, v := range l.Values {
			most = max(most, v)
		}
	}
	if most == 0 {
		return 1
	}
	step := math.Pow(10, math.Floor(math.Log10(most)))
	for _, times := range []float64{1, 2, 5, 10} {
		if most <= times*step {
			return times * step
		}
	}
	return 10 * step
}

// End is the last second.
func (p plot) End() string {
	if len(p.Seconds) == 0 {
		return "0"
	}
	return fmt.Sprintf("%.0f", p.Seconds[len(p.Seconds)-1])
}

// Points is a line as SVG's polyline has it.
func (p plot) Points(l line) string {
	if len(p.Seconds) == 0 {
		return ""
	}
	top, end := p.Top(), max(p.Seconds[len(p.Seconds)-1], 1)
	var b strings.Builder
	for i, v := range l.Values {
		fmt.Fprintf(&b, "%.1f,%.1f ", plotWidth*p.Seconds[i]/end, plotHeight*(1-v/top))
	}
	return strings.TrimSpace(b.String())
}
