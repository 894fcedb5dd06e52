package signaling

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/livekit/protocol/auth"
	lk "github.com/livekit/protocol/livekit"
	"github.com/twitchtv/twirp"

	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/room"
)

// bearer signs each call of a Twirp client with grants of the given key.
func (s *school) bearer(key string, grant auth.VideoGrant) context.Context {
	s.Helper()
	token, err := auth.NewAccessToken(key, testKeys[key].Secret).SetVideoGrant(&grant).ToJWT()
	if err != nil {
		s.Fatal(err)
	}
	header := http.Header{"Authorization": {"Bearer " + token}}
	ctx, err := twirp.WithHTTPRequestHeaders(s.patient(), header)
	if err != nil {
		s.Fatal(err)
	}
	return ctx
}

func codeOfTwirp(err error) twirp.ErrorCode {
	var coded twirp.Error
	if errors.As(err, &coded) {
		return coded.Code()
	}
	return twirp.NoError
}

// seat puts somebody into a class as /rtc would, with one track.
func (s *school) seat(r *room.Room, identity, sid string) (participant string) {
	s.Helper()
	do := func(a class.Actor, c *classpb.Command) room.Result {
		result, err := r.Do(s.patient(), a, c)
		if err != nil {
			s.Fatal(err)
		}
		return result
	}
	claims, err := testKeys.Verify(s.token("5b", identity, asPupil))
	if err != nil {
		s.Fatal(err)
	}
	if participant, err = join(s.patient(), r, claims, false); err != nil {
		s.Fatal(err)
	}
	s.Cleanup(r.Connected(participant))
	do(class.Node(), &classpb.Command{Body: &classpb.Command_SetSid{SetSid: &classpb.SetSid{Participant: participant, Sid: sid}}})
	do(class.Node(), &classpb.Command{Body: &classpb.Command_PublishTrack{PublishTrack: &classpb.PublishTrack{Track: &classpb.Track{
		Sid: "TR_" + identity, Participant: participant, Source: classpb.Source_SOURCE_MICROPHONE, Kind: classpb.TrackKind_TRACK_KIND_AUDIO, Mime: "audio/opus",
	}}}})
	return participant
}

func TestRoomService(t *testing.T) {
	for name, client := range map[string]func(string, lk.HTTPClient, ...twirp.ClientOption) lk.RoomService{
		"protobuf": lk.NewRoomServiceProtobufClient, "JSON": lk.NewRoomServiceJSONClient,
	} {
		t.Run(name, func(t *testing.T) {
			s := newTestSchool(t)
			c := application{
				RoomService: client(s.url, http.DefaultClient),
				operator:    s.bearer("school", auth.VideoGrant{RoomCreate: true, RoomList: true}),
				admin:       s.bearer("school", auth.VideoGrant{RoomAdmin: true, Room: "5b"}),
			}
			c.opens(t)
			r, _ := s.options.School.Get("", "5b")
			s.seat(r, "amina", "PA_amina")
			c.mutes(t)
			c.updates(t)
			c.ends(t)
		})
	}
}

// application is one that runs the class 5b, where amina is.
type application struct {
	lk.RoomService
	operator, admin context.Context
}

// must is the answer of a call that may not fail.
func must[T any](t *testing.T, answer T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func refusedAs(t *testing.T, what string, want twirp.ErrorCode, err error) {
	t.Helper()
	if codeOfTwirp(err) != want {
		t.Errorf("%s: %v, want %s", what, err, want)
	}
}

func (c application) opens(t *testing.T) {
	t.Helper()
	made, err := c.CreateRoom(c.operator, &lk.CreateRoomRequest{Name: "5b", Metadata: "m", MaxParticipants: 40, EmptyTimeout: 90, DepartureTimeout: 7})
	must(t, made, err)
	if !strings.HasPrefix(made.GetSid(), "RM_") || made.GetName() != "5b" || made.GetMaxParticipants() != 40 || made.GetEmptyTimeout() != 90 ||
		made.GetDepartureTimeout() != 7 || made.GetMetadata() != "m" {
		t.Errorf("made %v", made)
	}
	again, err := c.CreateRoom(c.operator, &lk.CreateRoomRequest{Name: "5b"})
	if must(t, again, err).GetSid() != made.GetSid() {
		t.Error("a class that is open was opened again")
	}
	list, err := c.ListRooms(c.operator, &lk.ListRoomsRequest{})
	must(t, list, err)
	none, err := c.ListRooms(c.operator, &lk.ListRoomsRequest{Names: []string{"6a"}})
	must(t, none, err)
	if len(list.GetRooms()) != 1 || len(none.GetRooms()) != 0 {
		t.Errorf("listed %v, and %v", list, none)
	}
}

func (c application) mutes(t *testing.T) {
	t.Helper()
	muted, err := c.MutePublishedTrack(c.admin, &lk.MuteRoomTrackRequest{Room: "5b", Identity: "amina", TrackSid: "TR_amina", Muted: true})
	if !must(t, muted, err).GetTrack().GetMuted() {
		t.Errorf("muted %v", muted)
	}
	_, err = c.MutePublishedTrack(c.admin, &lk.MuteRoomTrackRequest{Room: "5b", Identity: "amina", TrackSid: "TR_amina"})
	refusedAs(t, "unmuted by another", twirp.FailedPrecondition, err)
	_, err = c.MutePublishedTrack(c.admin, &lk.MuteRoomTrackRequest{Room: "5b", Identity: "amina", TrackSid: "TR_none", Muted: true})
	refusedAs(t, "a track that is not there", twirp.NotFound, err)
}

func (c application) updates(t *testing.T) {
	t.Helper()
	updated, err := c.UpdateParticipant(c.admin, &lk.UpdateParticipantRequest{
		Room: "5b", Identity: "amina", Name: "Amina B.", Metadata: "m2",
		Attributes: map[string]string{"seat": "4", "role": "teacher"},
		Permission: &lk.ParticipantPermission{CanSubscribe: true, CanPublish: true, CanPublishSources: []lk.TrackSource{lk.TrackSource_MICROPHONE}},
	})
	must(t, updated, err)
	amina, err := c.GetParticipant(c.admin, &lk.RoomParticipantIdentity{Room: "5b", Identity: "amina"})
	must(t, amina, err)
	if p := amina.GetPermission(); amina.GetName() != "Amina B." || amina.GetMetadata() != "m2" || amina.GetAttributes()["seat"] != "4" ||
		amina.GetAttributes()["role"] != "pupil" || p.GetCanPublishData() || len(p.GetCanPublishSources()) != 1 {
		t.Errorf("amina is %v", amina)
	}
	room, err := c.UpdateRoomMetadata(c.admin, &lk.UpdateRoomMetadataRequest{Room: "5b", Metadata: "m3"})
	if must(t, room, err).GetMetadata() != "m3" {
		t.Errorf("metadata %q", room.GetMetadata())
	}
}

// ends removes amina, then the class.
func (c application) ends(t *testing.T) {
	t.Helper()
	amina := &lk.RoomParticipantIdentity{Room: "5b", Identity: "amina"}
	people, err := c.ListParticipants(c.admin, &lk.ListParticipantsRequest{Room: "5b"})
	must(t, people, err)
	if len(people.GetParticipants()) != 1 || people.GetParticipants()[0].GetSid() != "PA_amina" {
		t.Errorf("people are %v", people)
	}
	removed, err := c.RemoveParticipant(c.admin, amina)
	must(t, removed, err)
	_, err = c.GetParticipant(c.admin, amina)
	refusedAs(t, "somebody removed", twirp.NotFound, err)
	deleted, err := c.DeleteRoom(c.operator, &lk.DeleteRoomRequest{Room: "5b"})
	must(t, deleted, err)
	_, err = c.DeleteRoom(c.operator, &lk.DeleteRoomRequest{Room: "5b"})
	refusedAs(t, "a class that is gone", twirp.NotFound, err)
}

func TestRoomServiceRefuses(t *testing.T) {
	s := newTestSchool(t)
	s.open("", "5b", false)
	s.open("nord", "6a", false)
	c := lk.NewRoomServiceProtobufClient(s.url, http.DefaultClient)
	nobody := auth.VideoGrant{}
	for name, call := range map[string]struct {
		err  error
		want twirp.ErrorCode
	}{
		"no token":           {second(c.ListRooms(s.patient(), &lk.ListRoomsRequest{})), twirp.Unauthenticated},
		"no grant to list":   {second(c.ListRooms(s.bearer("school", nobody), &lk.ListRoomsRequest{})), twirp.PermissionDenied},
		"no grant to create": {second(c.CreateRoom(s.bearer("school", nobody), &lk.CreateRoomRequest{Name: "x"})), twirp.PermissionDenied},
		"no name":            {second(c.CreateRoom(s.bearer("school", auth.VideoGrant{RoomCreate: true}), &lk.CreateRoomRequest{})), twirp.InvalidArgument},
		"no admin":           {second(c.ListParticipants(s.bearer("school", auth.VideoGrant{Room: "5b"}), &lk.ListParticipantsRequest{Room: "5b"})), twirp.PermissionDenied},
		"another class":      {second(c.ListParticipants(s.bearer("school", auth.VideoGrant{RoomAdmin: true, Room: "5b"}), &lk.ListParticipantsRequest{Room: "6a"})), twirp.PermissionDenied},
		"another tenant":     {second(c.ListParticipants(s.bearer("school", auth.VideoGrant{RoomAdmin: true, Room: "6a"}), &lk.ListParticipantsRequest{Room: "6a"})), twirp.NotFound},
		"with an egress":     {second(c.CreateRoom(s.bearer("school", auth.VideoGrant{RoomCreate: true}), &lk.CreateRoomRequest{Name: "x", Egress: &lk.RoomEgress{}})), twirp.Unimplemented},
		"with agents":        {second(c.CreateRoom(s.bearer("school", auth.VideoGrant{RoomCreate: true}), &lk.CreateRoomRequest{Name: "x", Agents: []*lk.RoomAgentDispatch{{AgentName: "a"}}})), twirp.Unimplemented},
		"no admin to call":   {second(c.PerformRpc(s.bearer("school", nobody), &lk.PerformRpcRequest{Room: "5b"})), twirp.PermissionDenied},
		"revoking a token":   {second(c.RemoveParticipant(s.bearer("school", auth.VideoGrant{RoomAdmin: true, Room: "5b"}), &lk.RoomParticipantIdentity{Room: "5b", Identity: "x", RevokeTokenTs: 1})), twirp.Unimplemented},
		"another service":    {second(lk.NewEgressProtobufClient(s.url, http.DefaultClient).ListEgress(s.bearer("school", nobody), &lk.ListEgressRequest{})), twirp.Unimplemented},
		"1 MB and more":      {second(c.CreateRoom(s.bearer("school", auth.VideoGrant{RoomCreate: true}), &lk.CreateRoomRequest{Name: strings.Repeat("a", 2<<20)})), twirp.Malformed},
	} {
		if got := codeOfTwirp(call.err); got != call.want {
			t.Errorf("%s: %v, want %s", name, call.err, call.want)
		}
	}
	list, err := c.ListRooms(s.bearer("academy", auth.VideoGrant{RoomList: true}), &lk.ListRoomsRequest{})
	if err != nil || len(list.GetRooms()) != 1 || list.GetRooms()[0].GetName() != "6a" {
		t.Errorf("a tenant sees %v (%v)", list, err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestWhoMayNotSendDataMayNotChat(t *testing.T) {
	for data, want := range map[bool]classpb.Switch{
		false: classpb.Switch_SWITCH_DENIED, true: classpb.Switch_SWITCH_DEFAULT,
	} {
		set := permissionsFrom(&lk.ParticipantPermission{CanPublishData: data})
		if set.Chat == nil || set.GetChat() != want || set.GetNoData() == data {
			t.Errorf("data %v: chat %v, no data %v", data, set.Chat, set.GetNoData())
		}
	}
}
