// Package plan says what an academy needs: how many nodes, and what of each node is used, for so many pupils in
// class at once; and, in virtual time, what becomes of those who all come when the bell rings.
//
// What a packet, a person and a join cost comes from `preau load bench` on the machine that is to be bought; without
// it, from the one that the defaults were measured on (loadtest/README.md).
package plan

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Costs are of one machine, as `preau load bench` tells them.
type Costs struct {
	Packet float64 // µs of CPU for each that is sent
	Person float64 // MiB
	Join   float64 // ms of CPU
}

// Measured are those of a slow virtual machine (2 cores, AMD EPYC, in a slow quarter of an hour) at 517bb36, in a class
// of 30: packets are dearer there than in large ones.
var Measured = Costs{Packet: 15.9, Person: 2.32, Join: 27.3}

// School is what is to be carried.
type School struct {
	Pupils  int     // of the academy
	AtOnce  float64 // share of them in class at the same time
	Class   int     // pupils of one
	Cameras int     // of them show one
	Screens float64 // share of the classes in which one is shared
	Record  float64 // share of the classes that are recorded
	Hours   float64 // of class a day
}

// Node is the machine to be bought.
type Node struct {
	Cores  int
	Memory int     // GiB
	Gbit   float64 // a second, of its network
	Load   float64 // how far each of these may be used at the busiest time
}

// Need is what comes of it.
type Need struct {
	Classes, People int
	Packets         float64 // sent, a second
	Out, In         float64 // Gbit a second
	Cores           float64
	Memory          float64 // GiB
	Nodes           int     // one of them to spare
	By              string  // what asks for so many
	Recordings      float64 // TB a day
}

// What one sends: packets a second, and kbit a second with all headers. A voice has pauses, in which little is sent.
var (
	voice  = stream{packets: 35, kbits: 35}
	camera = stream{packets: 140, kbits: 1_300} // 1280×720 at 15 frames a second
	screen = stream{packets: 60, kbits: 500}
	pupils = stream{packets: 20, kbits: 150} // a camera of 320×180
)

type stream struct{ packets, kbits float64 }

func (s stream) times(n float64) stream { return stream{s.packets * n, s.kbits * n} }

func (s stream) and(o stream) stream { return stream{s.packets + o.packets, s.kbits + o.kbits} }

var errPlan = errors.New("this cannot be planned")

func (s School) check(n Node) error {
	share := func(x float64) bool { return x >= 0 && x <= 1 }
	for _, c := range []struct {
		bad  bool
		says string
	}{
		{s.Pupils < 1 || s.Pupils > 100_000_000, fmt.Sprintf("pupils: %d", s.Pupils)},
		{!share(s.AtOnce) || s.AtOnce == 0, fmt.Sprintf("at once: %v is no share between 0 and 1", s.AtOnce)},
		{s.Class < 1 || s.Class > 1000, fmt.Sprintf("a class of %d", s.Class)},
		{s.Cameras < 0 || s.Cameras > s.Class, fmt.Sprintf("cameras: %d of %d pupils", s.Cameras, s.Class)},
		{!share(s.Screens) || !share(s.Record), "screens and recordings are shares between 0 and 1"},
		{s.Hours < 0 || s.Hours > 24, fmt.Sprintf("%v hours a day", s.Hours)},
		{n.Cores < 1 || n.Memory < 1 || n.Gbit <= 0, "a node has cores, memory and a network"},
		{!share(n.Load) || n.Load == 0, fmt.Sprintf("load: %v is no share between 0 and 1", n.Load)},
	} {
		if c.bad {
			return fmt.Errorf("%w: %s", errPlan, c.says)
		}
	}
	return nil
}

// Plan says what a school needs of such nodes.
func Plan(s School, n Node, c Costs) (Need, error) {
	if err := s.check(n); err != nil {
		return Need{}, err
	}
	classes := math.Ceil(float64(s.Pupils) * s.AtOnce / float64(s.Class))
	teacher := voice.and(camera).and(screen.times(s.Screens))
	shown := pupils.times(float64(s.Cameras))
	in := teacher.and(shown)
	// A pupil receives the teacher and the other pupils' cameras; the teacher, the pupils' cameras.
	out := teacher.and(shown).times(float64(s.Class)).and(shown)
	need := Need{
		Classes: int(classes), People: int(classes) * (s.Class + 1), Packets: classes * out.packets,
		Out: classes * out.kbits / 1e6, In: classes * in.kbits / 1e6,
		Recordings: classes * s.Record * in.kbits * 1000 / 8 * s.Hours * 3600 / 1e12,
	}
	need.Cores = need.Packets * c.Packet / 1e6
	need.Memory = float64(need.People) * c.Person / 1024
	for _, by := range []struct {
		name string
		need float64 // of what a node has
	}{
		{"cores", need.Cores / (float64(n.Cores) * n.Load)},
		{"network", need.Out / (n.Gbit * n.Load)},
		{"memory", need.Memory / (float64(n.Memory) * n.Load)},
	} {
		if nodes := int(math.Ceil(by.need)) + 1; nodes > need.Nodes {
			need.Nodes, need.By = nodes, by.name
		}
	}
	return need, nil
}

// Bell is how a school comes: all within Within, half of them in the middle third.
type Bell struct {
	Within time.Duration
	Seed   uint64
}
