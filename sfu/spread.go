package sfu

// peersOfWriter is how many of a class's peers one writer takes before the next one helps: to wake another one for
// each packet costs more than it saves, while there are few.
const peersOfWriter = 40

// nextWriter is the one for a peer who comes.
func (r *Router) nextWriter() *writer {
	writers := r.node.writers
	have := make([]int, len(writers))
	r.mu.Lock()
	for _, p := range r.peers {
		have[p.out.writer.index]++
	}
	r.mu.Unlock()
	best := r.writer % len(writers)
	for i := range writers {
		at := (r.writer + i) % len(writers)
		if have[at] < peersOfWriter {
			return writers[at]
		}
		if have[at] < have[best] {
			best = at
		}
	}
	return writers[best]
}
