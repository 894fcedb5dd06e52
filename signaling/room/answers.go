package room

import (
	"errors"

	"preau/signaling/class"
	"preau/signaling/classpb"
)

// mostActors bounds whose answers are remembered; beyond it the one who has
// asked nothing for longest is forgotten.
const mostActors = 4096

// answers remembers the last answers of each actor by request id, so that a
// command asked again yields the first answer and is not done twice.
type answers struct {
	perActor int
	count    uint64 // of calls to remember, a clock for who was last
	actors   map[string]*answered
}

type answered struct {
	ring []remembered // at most perActor, oldest at next once full
	next int
	used uint64
}

type remembered struct {
	id      string
	outcome *outcome
}

func newAnswers(perActor int) answers {
	return answers{perActor: perActor, actors: map[string]*answered{}}
}

// find yields nil if the request is new. Without an id every request is.
func (a *answers) find(actor, id string) *outcome {
	if of := a.actors[actor]; of != nil && id != "" {
		for _, r := range of.ring {
			if r.id == id {
				return r.outcome
			}
		}
	}
	return nil
}

func (a *answers) remember(actor, id string, o *outcome) {
	if id == "" {
		return
	}
	of := a.actors[actor]
	if of == nil {
		a.makeRoom()
		of = &answered{}
		a.actors[actor] = of
	}
	a.count++
	of.used = a.count
	if len(of.ring) < a.perActor {
		of.ring = append(of.ring, remembered{id, o})
		return
	}
	of.ring[of.next] = remembered{id, o}
	of.next = (of.next + 1) % len(of.ring)
}

// forget takes an answer back that did not become final.
func (a *answers) forget(actor, id string, o *outcome) {
	if of := a.actors[actor]; of != nil && id != "" {
		for i := range of.ring {
			if of.ring[i].outcome == o {
				of.ring[i] = remembered{}
			}
		}
	}
}

func (a *answers) makeRoom() {
	if len(a.actors) < mostActors {
		return
	}
	oldest := ""
	for actor, of := range a.actors {
		if oldest == "" || of.used < a.actors[oldest].used {
			oldest = actor
		}
	}
	delete(a.actors, oldest)
}

// learn finds the answers again that a log holds. Refusals leave nothing there:
// who repeats one is refused again, or not, as the class is now.
func (a *answers) learn(events []*classpb.Event) {
	for _, e := range events {
		id := e.GetRequestId()
		if id == "" {
			continue
		}
		o := a.find(e.GetActor(), id)
		if o == nil {
			o = &outcome{}
			a.remember(e.GetActor(), id, o)
		}
		o.result.Seq = e.GetSeq()
		if who := whoCame(e); who != "" {
			o.result.Participant = who
		}
	}
}

// whoCame is the participant that a Join led to.
func whoCame(e *classpb.Event) string {
	switch b := e.GetBody().(type) {
	case *classpb.Event_Joined:
		return b.Joined.GetParticipant()
	case *classpb.Event_Waited:
		return b.Waited.GetParticipant()
	case *classpb.Event_Back:
		return b.Back.GetParticipant()
	case *classpb.Event_ProfileSet:
		return b.ProfileSet.GetParticipant()
	}
	return ""
}

// codeOf is the metric's word for an answer.
func codeOf(err error) classpb.Code {
	var coded *class.Error
	switch {
	case err == nil:
		return classpb.Code_CODE_UNSPECIFIED
	case errors.As(err, &coded):
		return coded.Code
	}
	return classpb.Code_CODE_INTERNAL
}
