package class

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	"preau/signaling/classpb"
)

// TestTablesAreWhole: every command has a rule and every event a reducer, and nothing else has.
func TestTablesAreWhole(t *testing.T) {
	commands := bodyFields((&classpb.Command{}).ProtoReflect().Descriptor())
	for _, f := range commands {
		r, known := rules[f.Name()]
		if !known {
			t.Errorf("the command %s has no rule", f.Name())
		}
		if byServer := r.by == server || r.by == node; byServer != (f.Number() >= firstServerCommand) {
			t.Errorf("the command %s is numbered %d, and its rule disagrees", f.Name(), f.Number())
		}
	}
	events := bodyFields((&classpb.Event{}).ProtoReflect().Descriptor())
	for _, f := range events {
		if _, known := reducers[f.Name()]; !known {
			t.Errorf("the event %s has no reducer", f.Name())
		}
	}
	if len(rules) != len(commands) || len(reducers) != len(events) {
		t.Errorf("%d rules for %d commands, %d reducers for %d events", len(rules), len(commands), len(reducers), len(events))
	}
}

func bodyFields(d protoreflect.MessageDescriptor) []protoreflect.FieldDescriptor {
	var fields []protoreflect.FieldDescriptor
	list := d.Oneofs().ByName("body").Fields()
	for i := range list.Len() {
		fields = append(fields, list.Get(i))
	}
	return fields
}

// notPersonal are the text fields that hold no name and no free text: ids, codes, emoji, media
// types, and the names of classes, which addresses show. A new field is either marked personal
// (debug_redact) or, with a thought, added here.
var notPersonal = []protoreflect.FullName{
	"preau.class.v1.Admit.participants",
	"preau.class.v1.AskUnmute.participant",
	"preau.class.v1.Audience.participants",
	"preau.class.v1.Away.participant",
	"preau.class.v1.Back.participant",
	"preau.class.v1.ChatDeleted.id",
	"preau.class.v1.ChatForgotten.ids",
	"preau.class.v1.ChatMessage.from",
	"preau.class.v1.ChatMessage.id",
	"preau.class.v1.ChatTarget.participant",
	"preau.class.v1.Command.request_id",
	"preau.class.v1.DeleteChat.id",
	"preau.class.v1.Ephemeral.from",
	"preau.class.v1.Error.message",
	"preau.class.v1.Event.actor",
	"preau.class.v1.Event.group",
	"preau.class.v1.Event.request_id",
	"preau.class.v1.Event.session",
	"preau.class.v1.Forgotten.participants",
	"preau.class.v1.Forwarded.participant",
	"preau.class.v1.Forwarded.sid",
	"preau.class.v1.GiveWord.participant",
	"preau.class.v1.HandLowered.participant",
	"preau.class.v1.HandRaised.participant",
	"preau.class.v1.Hello.participant",
	"preau.class.v1.Hello.session",
	"preau.class.v1.Joined.connected_sid",
	"preau.class.v1.Joined.forwarded_sid",
	"preau.class.v1.Joined.participant",
	"preau.class.v1.Joined.sid",
	"preau.class.v1.Left.participant",
	"preau.class.v1.LowerHand.participant",
	"preau.class.v1.MediaConnected.participant",
	"preau.class.v1.MediaConnected.sid",
	"preau.class.v1.Mute.sid",
	"preau.class.v1.OpenClass.name",
	"preau.class.v1.OpenClass.tenant",
	"preau.class.v1.Opened.code",
	"preau.class.v1.Opened.name",
	"preau.class.v1.Opened.tenant",
	"preau.class.v1.Participant.id",
	"preau.class.v1.Participant.connected_sid",
	"preau.class.v1.Participant.forwarded_sid",
	"preau.class.v1.Participant.sid",
	"preau.class.v1.PermissionsSet.participant",
	"preau.class.v1.ProfileSet.participant",
	"preau.class.v1.React.emoji",
	"preau.class.v1.Reaction.emoji",
	"preau.class.v1.Refuse.participants",
	"preau.class.v1.Remove.participant",
	"preau.class.v1.Reply.request_id",
	"preau.class.v1.RoleSet.participant",
	"preau.class.v1.SetPermissions.participant",
	"preau.class.v1.SetPresence.participant",
	"preau.class.v1.SetProfile.participant",
	"preau.class.v1.SetRole.participant",
	"preau.class.v1.SetConnected.participant",
	"preau.class.v1.SetConnected.sid",
	"preau.class.v1.SetSid.participant",
	"preau.class.v1.SetSid.sid",
	"preau.class.v1.SetSpotlight.participant",
	"preau.class.v1.SidSet.participant",
	"preau.class.v1.SidSet.sid",
	"preau.class.v1.SpotlightSet.participant",
	"preau.class.v1.State.code",
	"preau.class.v1.State.hands",
	"preau.class.v1.State.name",
	"preau.class.v1.State.session",
	"preau.class.v1.State.spotlight",
	"preau.class.v1.State.tenant",
	"preau.class.v1.State.word",
	"preau.class.v1.TakeWord.participant",
	"preau.class.v1.Track.mime",
	"preau.class.v1.Track.participant",
	"preau.class.v1.Track.sid",
	"preau.class.v1.TrackMuted.sid",
	"preau.class.v1.TrackUnpublished.sid",
	"preau.class.v1.Unban.participant",
	"preau.class.v1.Unbanned.participant",
	"preau.class.v1.UnmuteAsked.participant",
	"preau.class.v1.UnpublishTrack.sid",
	"preau.class.v1.Waited.participant",
	"preau.class.v1.Withdrawn.participant",
	"preau.class.v1.WordGiven.participant",
	"preau.class.v1.WordTaken.participant",
}

// TestPersonalFieldsAreMarked walks the schema, so that consent, export and erasure are one walk.
func TestPersonalFieldsAreMarked(t *testing.T) {
	plain := plainText()
	for _, name := range plain {
		if !slices.Contains(notPersonal, name) {
			t.Errorf("%s holds text: is it personal?", name)
		}
	}
	for _, name := range notPersonal {
		if !slices.Contains(plain, name) {
			t.Errorf("%s is not a plain text field (any more)", name)
		}
	}
}

// plainText names the fields of the schema, in whichever of its files, that hold text and are not
// marked.
func plainText() (plain []protoreflect.FullName) {
	mine := (&classpb.Event{}).ProtoReflect().Descriptor().FullName().Parent()
	protoregistry.GlobalFiles.RangeFilesByPackage(mine, func(file protoreflect.FileDescriptor) bool {
		for i := range file.Messages().Len() {
			fields := file.Messages().Get(i).Fields()
			for j := range fields.Len() {
				if f := fields.Get(j); holdsText(f) && !f.Options().(*descriptorpb.FieldOptions).GetDebugRedact() {
					plain = append(plain, f.FullName())
				}
			}
		}
		return true
	})
	return plain
}

func holdsText(f protoreflect.FieldDescriptor) bool {
	kind := f.Kind()
	if f.IsMap() {
		kind = f.MapValue().Kind()
	}
	return kind == protoreflect.StringKind || kind == protoreflect.BytesKind
}
