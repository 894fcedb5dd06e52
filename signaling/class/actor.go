package class

import "preau/signaling/classpb"

// ActorKind says with whose rights an actor acts.
type ActorKind int

const (
	// ActorParticipant acts with the rights of its role; its ID is a participant id. It may send
	// only the commands of the page (field numbers below 64).
	ActorParticipant ActorKind = iota
	// ActorKey is the server API: a moderator's rights and more. Its ID is "key:NAME".
	ActorKey
	// ActorNode is the server itself, acting for whom the command names. Its ID is "node".
	ActorNode
)

// Actor is who commands.
type Actor struct {
	ID   string
	Kind ActorKind
}

// Node is the server itself.
func Node() Actor { return Actor{ID: "node", Kind: ActorNode} }

// Key is the server API, used with the key of that name.
func Key(name string) Actor { return Actor{ID: "key:" + name, Kind: ActorKey} }

// By is a participant.
func By(participant string) Actor { return Actor{ID: participant, Kind: ActorParticipant} }

// Input is what Decide may not fetch itself.
type Input struct {
	NowMS   int64                      // Unix
	NewID   func(prefix string) string // random: "P_", "RM_", "CM_" are asked for
	NewCode func() string              // 8 Crockford base-32 characters
}

// Decision is what a command amounts to. No events and no error: it changed nothing.
type Decision struct {
	Events      []*classpb.Event // complete, in order, not yet applied
	Ephemeral   []*classpb.Ephemeral
	Participant string // who a Join resulted in
}
