package class

import (
	"google.golang.org/protobuf/reflect/protoreflect"

	"preau/signaling/classpb"
)

// reducers is the table of events, by their names in the schema. It is only read. What a reducer
// does to an event that exists never changes.
var reducers = map[protoreflect.Name]func(*classpb.State, *classpb.Event){
	"opened":            applyOpened,
	"ended":             applyEnded,
	"profile_set":       applyProfileSet,
	"waited":            applyWaited,
	"joined":            applyJoined,
	"away":              applyAway,
	"back":              applyBack,
	"left":              applyLeft,
	"unbanned":          applyUnbanned,
	"role_set":          applyRoleSet,
	"withdrawn":         applyWithdrawn,
	"forgotten":         applyForgotten,
	"locks_set":         applyLocksSet,
	"lobby_set":         applyLobbySet,
	"permissions_set":   applyPermissionsSet,
	"hand_raised":       applyHandRaised,
	"hand_lowered":      applyHandLowered,
	"hands_lowered":     applyHandsLowered,
	"word_given":        applyWordGiven,
	"word_taken":        applyWordTaken,
	"chat_sent":         applyChatSent,
	"chat_deleted":      applyChatDeleted,
	"chat_forgotten":    applyChatForgotten,
	"spotlight_set":     applySpotlightSet,
	"track_published":   applyTrackPublished,
	"track_unpublished": applyTrackUnpublished,
	"track_muted":       applyTrackMuted,
	"title_set":         applyTitleSet,
	"metadata_set":      applyMetadataSet,
	"sid_set":           applySidSet,
	"media_connected":   applyMediaConnected,
	"forwarded":         applyForwarded,
}

// Apply reduces an event into a state, or into a view of one, in place. It says false, and changes
// nothing, for an event that the state already holds: its number is not above the state's. Gaps are
// a view's business and allowed. A body it does not know advances the number only. The event is not
// kept: what the state needs of it is copied.
func Apply(s *classpb.State, e *classpb.Event) bool {
	if e.GetSeq() <= s.GetSeq() {
		return false
	}
	s.Seq = e.GetSeq()
	if s.Participants == nil { // a snapshot off the wire has no empty maps
		s.Participants = map[string]*classpb.Participant{}
	}
	if s.Tracks == nil {
		s.Tracks = map[string]*classpb.Track{}
	}
	m := e.ProtoReflect()
	if field := m.WhichOneof(m.Descriptor().Oneofs().ByName("body")); field != nil {
		if reduce, known := reducers[field.Name()]; known {
			reduce(s, e)
		}
	}
	return true
}

// NewState is the state of a class in which nothing has happened.
func NewState() *classpb.State {
	return &classpb.State{
		Locks:        &classpb.Locks{},
		Participants: map[string]*classpb.Participant{},
		Tracks:       map[string]*classpb.Track{},
	}
}
