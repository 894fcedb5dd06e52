package livekit

import (
	"slices"
	"testing"

	lk "github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"preau/signaling/class"
	"preau/signaling/classpb"
)

func classroom(t *testing.T) *classpb.State {
	t.Helper()
	s := class.NewState()
	s.Session, s.Name, s.Seq, s.Title = "RM_1", "maths", 42, "Maths"
	s.Locks = &classpb.Locks{Screen: true}
	add := func(id, sid string, role classpb.Role, presence classpb.Presence) *classpb.Participant {
		p := &classpb.Participant{
			Id: id, Sid: sid, Role: role, Presence: presence, JoinedMs: 5000,
			Profile: &classpb.Profile{Identity: "u-" + id, Name: "Name " + id, Attributes: map[string]string{"seat": "3"}},
		}
		s.Participants[id] = p
		return p
	}
	const present = classpb.Presence_PRESENCE_PRESENT
	add("t", "PA_t", classpb.Role_ROLE_TEACHER, present)
	add("p", "PA_p", classpb.Role_ROLE_PUPIL, present)
	add("page", "", classpb.Role_ROLE_PUPIL, present) // has /class only
	add("gone", "PA_g", classpb.Role_ROLE_PUPIL, classpb.Presence_PRESENCE_GONE).Left = classpb.LeaveReason_LEAVE_REASON_REMOVED
	add("o", "PA_o", classpb.Role_ROLE_OBSERVER, present)
	add("rec", "PA_r", classpb.Role_ROLE_RECORDER, present)
	s.Hands = []string{"p"}
	for sid, name := range map[string]string{"TR_1": "", "TR_2": VoiceLow} {
		info := NewTrackInfo(sid, &lk.AddTrackRequest{Cid: sid, Name: name, Type: lk.TrackType_AUDIO, Source: lk.TrackSource_MICROPHONE})
		c, err := ClassTrack("t", info)
		if err != nil {
			t.Fatal(err)
		}
		s.Tracks[sid] = c
	}
	return s
}

func TestParticipantShowsTheClassThroughAttributes(t *testing.T) {
	s := classroom(t)
	p := Participant(s, "p", false)
	if p.GetAttributes()["role"] != "pupil" || p.GetAttributes()["hand"] != HandRaised || p.GetAttributes()["seat"] != "3" {
		t.Errorf("attributes %v", p.GetAttributes())
	}
	if p.GetSid() != "PA_p" || p.GetIdentity() != "u-p" || p.GetVersion() != 42 || p.GetState() != lk.ParticipantInfo_ACTIVE || p.GetJoinedAtMs() != 5000 {
		t.Errorf("got %v", p)
	}
	if _, ok := Participant(s, "t", false).GetAttributes()["hand"]; ok {
		t.Error("the teacher's hand is not raised")
	}
	if Participant(s, "nobody", false) != nil {
		t.Error("nobody was found")
	}
}

func TestVoiceLowIsItsPublishersAlone(t *testing.T) {
	s := classroom(t)
	if n := len(Participant(s, "t", false).GetTracks()); n != 1 {
		t.Errorf("others see %d tracks", n)
	}
	if n := len(Participant(s, "t", true).GetTracks()); n != 2 {
		t.Errorf("the publisher sees %d tracks", n)
	}
}

func TestPermission(t *testing.T) {
	const present, waiting = classpb.Presence_PRESENCE_PRESENT, classpb.Presence_PRESENCE_WAITING
	mic, cam := lk.TrackSource_MICROPHONE, lk.TrackSource_CAMERA
	for name, c := range map[string]struct {
		role      classpb.Role
		presence  classpb.Presence
		perms     *classpb.Permissions
		publish   bool
		sources   []lk.TrackSource // nil: all
		subscribe bool
		data      bool
		hidden    bool
	}{
		"a teacher":           {role: classpb.Role_ROLE_TEACHER, presence: present, publish: true, subscribe: true, data: true},
		"a pupil":             {role: classpb.Role_ROLE_PUPIL, presence: present, publish: true, sources: []lk.TrackSource{cam, mic}, subscribe: true, data: true},
		"a pupil in the dark": {role: classpb.Role_ROLE_PUPIL, presence: present, perms: &classpb.Permissions{Camera: classpb.Switch_SWITCH_DENIED, NoData: true, NoSubscribe: true}, publish: true, sources: []lk.TrackSource{mic}},
		"who waits":           {role: classpb.Role_ROLE_PUPIL, presence: waiting},
		"an observer":         {role: classpb.Role_ROLE_OBSERVER, presence: present, subscribe: true, hidden: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := classroom(t)
			p := s.Participants["p"]
			p.Role, p.Presence, p.Permissions = c.role, c.presence, c.perms
			got := Permission(s, p)
			if got.GetCanPublish() != c.publish || !slices.Equal(got.GetCanPublishSources(), c.sources) ||
				got.GetCanSubscribe() != c.subscribe || got.GetCanPublishData() != c.data || got.GetHidden() != c.hidden {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestOthersAreThoseWithMedia(t *testing.T) {
	s := classroom(t)
	var ids []string
	for _, p := range Others(s, "t") {
		ids = append(ids, p.GetSid())
	}
	slices.Sort(ids)
	if !slices.Equal(ids, []string{"PA_o", "PA_p", "PA_r"}) {
		t.Errorf("got %v", ids)
	}
}

func TestRoomCountsWhoIsSeen(t *testing.T) {
	r := Room(classroom(t))
	if r.GetNumParticipants() != 2 || r.GetNumPublishers() != 1 || !r.GetActiveRecording() || r.GetName() != "maths" || r.GetSid() != "RM_1" {
		t.Errorf("got %v", r)
	}
}

func TestGoneSaysWhy(t *testing.T) {
	s := classroom(t)
	g := Gone(s, "gone", "PA_g", "u-gone")
	if g.GetState() != lk.ParticipantInfo_DISCONNECTED || g.GetDisconnectReason() != lk.DisconnectReason_PARTICIPANT_REMOVED {
		t.Errorf("got %v", g)
	}
}

func TestTrackSurvivesTheClass(t *testing.T) {
	for name, r := range map[string]*lk.AddTrackRequest{
		"camera, simulcast": {
			Cid: "c1", Type: lk.TrackType_VIDEO, Source: lk.TrackSource_CAMERA, Width: 1280, Height: 720,
			SimulcastCodecs: []*lk.SimulcastCodec{{Codec: "vp8", Cid: "c1", Layers: []*lk.VideoLayer{{Quality: lk.VideoQuality_LOW, Rid: "q"}, {Quality: lk.VideoQuality_HIGH, Rid: "f"}}}},
		},
		"microphone, old client": {Cid: "c2", Type: lk.TrackType_AUDIO, Muted: true},
		"encrypted":              {Cid: "c3", Type: lk.TrackType_AUDIO, Encryption: lk.Encryption_GCM},
	} {
		t.Run(name, func(t *testing.T) {
			info := NewTrackInfo("TR_1", r)
			if info == nil || len(info.GetCodecs()) == 0 {
				t.Fatalf("info %v", info)
			}
			Arrived(info, "video/VP8", "3")
			c, err := ClassTrack("p", info)
			if err != nil {
				t.Fatal(err)
			}
			if got := TrackInfo(c); !proto.Equal(got, info) {
				t.Errorf("got  %v\nwant %v", got, info)
			}
			if info.GetEncryption() != lk.Encryption_NONE && !info.GetDisableRed() {
				t.Error("what is encrypted end to end must not be made redundant")
			}
			c.Muted = !c.Muted
			if TrackInfo(c).GetMuted() == info.GetMuted() {
				t.Error("the class's mute is the one that counts")
			}
		})
	}
}

func TestNewTrackInfoRefuses(t *testing.T) {
	for name, r := range map[string]*lk.AddTrackRequest{
		"no cid":          {Type: lk.TrackType_AUDIO},
		"data":            {Cid: "c", Type: lk.TrackType_DATA},
		"too many codecs": {Cid: "c", SimulcastCodecs: make([]*lk.SimulcastCodec, maxLayers+1)},
		"a long name":     {Cid: "c", Name: string(make([]byte, maxTrackName+1))},
	} {
		if info := NewTrackInfo("TR_1", r); info != nil {
			t.Errorf("%s: %v", name, info)
		}
	}
}

func TestMIME(t *testing.T) {
	for in, want := range map[string]string{"vp8": "video/VP8", "VP8": "video/VP8", "video/H264": "video/H264", "av1": "video/AV1", "": ""} {
		if got := MIME(lk.TrackType_VIDEO, in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
	if got := MIME(lk.TrackType_AUDIO, "opus"); got != "audio/opus" {
		t.Errorf("opus: %q", got)
	}
}

func TestGoodbyeTellsTheClientWhatToDo(t *testing.T) {
	for reason, want := range map[classpb.GoodbyeReason]struct {
		reason lk.DisconnectReason
		action lk.LeaveRequest_Action
	}{
		classpb.GoodbyeReason_GOODBYE_REASON_REMOVED:  {lk.DisconnectReason_PARTICIPANT_REMOVED, lk.LeaveRequest_DISCONNECT},
		classpb.GoodbyeReason_GOODBYE_REASON_ENDED:    {lk.DisconnectReason_ROOM_DELETED, lk.LeaveRequest_DISCONNECT},
		classpb.GoodbyeReason_GOODBYE_REASON_REPLACED: {lk.DisconnectReason_DUPLICATE_IDENTITY, lk.LeaveRequest_DISCONNECT},
		classpb.GoodbyeReason_GOODBYE_REASON_SHUTDOWN: {lk.DisconnectReason_SERVER_SHUTDOWN, lk.LeaveRequest_RECONNECT},
		classpb.GoodbyeReason_GOODBYE_REASON_TOO_SLOW: {lk.DisconnectReason_STATE_MISMATCH, lk.LeaveRequest_RECONNECT},
	} {
		if got := Goodbye(reason); got.GetReason() != want.reason || got.GetAction() != want.action {
			t.Errorf("%v: %v", reason, got)
		}
	}
}
