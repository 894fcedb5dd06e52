package plan

import (
	"math"
	"strings"
	"testing"
	"time"
)

var (
	academy = School{Pupils: 400_000, AtOnce: 0.25, Class: 25, Cameras: 2, Screens: 0.5, Record: 0.2, Hours: 5}
	machine = Node{Cores: 16, Memory: 64, Gbit: 10, Load: 0.7}
)

func TestPlanAddsUp(t *testing.T) {
	need, err := Plan(academy, machine, Costs{Packet: 10, Person: 1, Join: 10})
	if err != nil {
		t.Fatal(err)
	}
	// 4,000 classes; to each pupil 35 + 140 + 30 + 40 packets a second, and the cameras to the teacher.
	packets := 4000. * (245*25 + 40)
	if need.Classes != 4000 || need.People != 104_000 || math.Abs(need.Packets-packets) > 1 || math.Abs(need.Cores-packets/1e5) > 0.1 {
		t.Errorf("%+v", need)
	}
	if need.Nodes != int(math.Ceil(packets/1e5/(16*0.7)))+1 && need.By == "cores" || need.By == "memory" {
		t.Errorf("%d nodes by %s", need.Nodes, need.By)
	}
	twice := academy
	twice.Pupils *= 2
	if more, _ := Plan(twice, machine, Measured); more.Nodes < need.Nodes {
		t.Errorf("twice the pupils need %d nodes, not more than %d", more.Nodes, need.Nodes)
	}
	slow := machine
	slow.Gbit = 1
	if by, _ := Plan(academy, slow, Costs{Packet: 1, Person: 0.1, Join: 1}); by.By != "network" {
		t.Errorf("at 1 Gbit a second it is %s", by.By)
	}
}

func TestNonsenseIsRefused(t *testing.T) {
	for want, change := range map[string]func(*School, *Node){
		"pupils":    func(s *School, _ *Node) { s.Pupils = 0 },
		"at once":   func(s *School, _ *Node) { s.AtOnce = 1.5 },
		"class of":  func(s *School, _ *Node) { s.Class = 0 },
		"cameras":   func(s *School, _ *Node) { s.Cameras = 26 },
		"shares":    func(s *School, _ *Node) { s.Record = -1 },
		"hours":     func(s *School, _ *Node) { s.Hours = 25 },
		"has cores": func(_ *School, n *Node) { n.Cores = 0 },
		"load":      func(_ *School, n *Node) { n.Load = 0 },
	} {
		s, n := academy, machine
		change(&s, &n)
		if _, err := Plan(s, n, Measured); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// The same morning comes out the same; shorter bells are busier; nodes that cannot do it are seen.
func TestTheBellRings(t *testing.T) {
	need, err := Plan(academy, machine, Measured)
	if err != nil {
		t.Fatal(err)
	}
	ring := func(within time.Duration, need Need) Morning {
		return Ring(academy, machine, Measured, need, Bell{Within: within, Seed: 1}, Fewest)
	}
	calm, hasty := ring(5*time.Minute, need), ring(time.Minute, need)
	if calm != ring(5*time.Minute, need) {
		t.Error("another morning with the same seed")
	}
	if calm.People != need.People || calm.BusiestNode > machine.Load || calm.Wait50 < time.Duration(Measured.Join*float64(time.Millisecond)) || calm.Wait99 > time.Second {
		t.Errorf("%+v", calm)
	}
	if hasty.JoinsPerSecond < 4*calm.JoinsPerSecond || hasty.Wait99 < calm.Wait99 {
		t.Errorf("within a minute %+v, within five %+v", hasty, calm)
	}
	few := need
	few.Nodes /= 2
	if crowded := ring(5*time.Minute, few); crowded.BusiestNode < 1 || crowded.Wait99 < 10*calm.Wait99 {
		t.Errorf("with half of the nodes: %+v", crowded)
	}
}
