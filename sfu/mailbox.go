package sfu

// eventQueue is how many events may wait for a peer's listener. What is not lossy and does not
// fit costs the peer its connection: its listener is stuck.
const eventQueue = 1024

// mailbox carries a peer's events to its listener, in order, from one goroutine.
type mailbox struct {
	queue chan Event
}

func newMailbox() mailbox { return mailbox{queue: make(chan Event, eventQueue)} }

// run delivers until the peer closes, then what is left.
func (p *Peer) deliver() {
	for {
		select {
		case e := <-p.mail.queue:
			p.tell(e)
		case <-p.done:
			for {
				select {
				case e := <-p.mail.queue:
					p.tell(e)
				default:
					p.tell(StateEvent{Target: TargetPublisher, State: StateClosed})
					return
				}
			}
		}
	}
}

func (p *Peer) tell(e Event) {
	defer p.node.guard(p, "events")
	p.listener.PeerEvent(e)
}

// emit queues an event without waiting.
func (p *Peer) emit(e Event) {
	select {
	case p.mail.queue <- e:
	default:
		p.node.m.drop(dropEvent)
		if d, ok := e.(DataEvent); !ok || d.Kind == DataReliable {
			go p.Close()
		}
	}
}

// emitReliable queues a reliable message, making the client wait while the queue is full.
func (p *Peer) emitReliable(e DataEvent) {
	select {
	case p.mail.queue <- e:
	case <-p.done:
	}
}
