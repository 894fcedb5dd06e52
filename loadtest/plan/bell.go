package plan

import (
	"container/heap"
	"math/rand/v2"
	"slices"
	"time"
)

// Place gives a class to one of the nodes, by how many classes each has already.
type Place func(class int, have []int) (node int)

// Fewest gives it to the one that has the fewest.
func Fewest(_ int, have []int) int {
	best := 0
	for i, n := range have {
		if n < have[best] {
			best = i
		}
	}
	return best
}

// Morning is what became of a school that came all at once.
type Morning struct {
	People           int
	JoinsPerSecond   int // in the busiest second, of all nodes
	Wait50, Wait99   time.Duration
	Slowest          time.Duration
	BusiestNode      float64 // share of its cores, once all are there
	ClassesOfBusiest int
}

// Ring has everybody come, in virtual time. A join waits for one of its node's cores, which forwarding has taken its
// part of already, and takes its share of CPU time there.
func Ring(s School, n Node, c Costs, need Need, b Bell, place Place) Morning {
	random := rand.New(rand.NewPCG(b.Seed, 1))
	have := make([]int, need.Nodes)
	nodeOf := make([]int, need.Classes)
	for class := range nodeOf {
		nodeOf[class] = place(class, have)
		have[nodeOf[class]]++
	}
	perClass := need.Cores / float64(need.Classes) // cores, once it is full
	size := s.Class + 1
	var comes []arrival
	for class := range nodeOf {
		for range size {
			comes = append(comes, arrival{time.Duration(between(random) * float64(b.Within)), nodeOf[class]})
		}
	}
	slices.SortFunc(comes, func(a, b arrival) int { return int(a.at - b.at) })
	cores := make([]freeAt, need.Nodes)
	for i := range cores {
		cores[i] = make(freeAt, n.Cores)
	}
	there := make([]float64, need.Nodes) // people
	waits := make([]time.Duration, 0, len(comes))
	m := Morning{People: len(comes)}
	inSecond := map[time.Duration]int{}
	for _, a := range comes {
		second := a.at.Truncate(time.Second)
		inSecond[second]++
		m.JoinsPerSecond = max(m.JoinsPerSecond, inSecond[second])
		taken := there[a.node] / float64(size) * perClass / float64(n.Cores)
		takes := time.Duration(c.Join / max(1-taken, 0.01) * float64(time.Millisecond))
		done := max(cores[a.node][0], a.at) + takes
		cores[a.node][0] = done
		heap.Fix(&cores[a.node], 0)
		waits = append(waits, done-a.at)
		there[a.node]++
	}
	slices.Sort(waits)
	m.Wait50, m.Wait99, m.Slowest = waits[len(waits)/2], waits[len(waits)*99/100], waits[len(waits)-1]
	for i, classes := range have {
		if classes > m.ClassesOfBusiest {
			m.ClassesOfBusiest = have[i]
			m.BusiestNode = float64(classes) * perClass / float64(n.Cores)
		}
	}
	return m
}

type arrival struct {
	at   time.Duration
	node int
}

// between is a time of coming between 0 and 1: the sum of three, so that most come in the middle.
func between(r *rand.Rand) float64 { return (r.Float64() + r.Float64() + r.Float64()) / 3 }

// freeAt is when each core of a node is free, the next one first.
type freeAt []time.Duration

func (f freeAt) Len() int           { return len(f) }
func (f freeAt) Less(i, j int) bool { return f[i] < f[j] }
func (f freeAt) Swap(i, j int)      { f[i], f[j] = f[j], f[i] }
func (f *freeAt) Push(x any)        { *f = append(*f, x.(time.Duration)) }
func (f *freeAt) Pop() any          { last := (*f)[len(*f)-1]; *f = (*f)[:len(*f)-1]; return last }
