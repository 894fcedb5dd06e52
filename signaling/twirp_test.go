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
			c := client(s.url, http.DefaultClient)
			operator := s.bearer("school", auth.VideoGrant{RoomCreate: true, RoomList: true})
			admin := s.bearer("school", auth.VideoGrant{RoomAdmin: true, Room: "5b"})
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}

			made, err := c.CreateRoom(operator, &lk.CreateRoomRequest{Name: "5b", Metadata: "m", MaxParticipants: 40, EmptyTimeout: 90, DepartureTimeout: 7})
			must(err)
			if !strings.HasPrefix(made.GetSid(), "RM_") || made.GetName() != "5b" || made.GetMaxParticipants() != 40 || made.GetEmptyTimeout() != 90 ||
				made.GetDepartureTimeout() != 7 || made.GetMetadata() != "m" {
				t.Errorf("made %v", made)
			}
			again, err := c.CreateRoom(operator, &lk.CreateRoomRequest{Name: "5b"})
			must(err)
			if again.GetSid() != made.GetSid() {
				t.Error("a class that is open was opened again")
			}
			list, err := c.ListRooms(operator, &lk.ListRoomsRequest{})
			must(err)
			none, err := c.ListRooms(operator, &lk.ListRoomsRequest{Names: []string{"6a"}})
			must(err)
			if len(list.GetRooms()) != 1 || len(none.GetRooms()) != 0 {
				t.Errorf("listed %v, and %v", list, none)
			}

			r, _ := s.options.School.Get("", "5b")
			s.seat(r, "amina", "PA_amina")
			people, err := c.ListParticipants(admin, &lk.ListParticipantsRequest{Room: "5b"})
			must(err)
			if len(people.GetParticipants()) != 1 || people.GetParticipants()[0].GetSid() != "PA_amina" {
				t.Errorf("people are %v", people)
			}
			muted, err := c.MutePublishedTrack(admin, &lk.MuteRoomTrackRequest{Room: "5b", Identity: "amina", TrackSid: "TR_amina", Muted: true})
			must(err)
			if !muted.GetTrack().GetMuted() {
				t.Errorf("muted %v", muted)
			}
			_, err = c.MutePublishedTrack(admin, &lk.MuteRoomTrackRequest{Room: "5b", Identity: "amina", TrackSid: "TR_amina"})
			if codeOfTwirp(err) != twirp.FailedPrecondition {
				t.Errorf("unmuted by another: %v", err)
			}
			_, err = c.MutePublishedTrack(admin, &lk.MuteRoomTrackRequest{Room: "5b", Identity: "amina", TrackSid: "TR_none", Muted: true})
			if codeOfTwirp(err) != twirp.NotFound {
				t.Errorf("a track that is not there: %v", err)
			}
			_, err = c.UpdateParticipant(admin, &lk.UpdateParticipantRequest{
				Room: "5b", Identity: "amina", Name: "Amina B.", Metadata: "m2",
				Attributes: map[string]string{"seat": "4", "role": "teacher"},
				Permission: &lk.ParticipantPermission{CanSubscribe: true, CanPublish: true, CanPublishSources: []lk.TrackSource{lk.TrackSource_MICROPHONE}},
			})
			must(err)
			amina, err := c.GetParticipant(admin, &lk.RoomParticipantIdentity{Room: "5b", Identity: "amina"})
			must(err)
			if p := amina.GetPermission(); amina.GetName() != "Amina B." || amina.GetMetadata() != "m2" || amina.GetAttributes()["seat"] != "4" ||
				amina.GetAttributes()["role"] != "pupil" || p.GetCanPublishData() || len(p.GetCanPublishSources()) != 1 {
				t.Errorf("amina is %v", amina)
			}
			room, err := c.UpdateRoomMetadata(admin, &lk.UpdateRoomMetadataRequest{Room: "5b", Metadata: "m3"})
			must(err)
			if room.GetMetadata() != "m3" {
				t.Errorf("metadata %q", room.GetMetadata())
			}
			_, err = c.RemoveParticipant(admin, &lk.RoomParticipantIdentity{Room: "5b", Identity: "amina"})
			must(err)
			_, err = c.GetParticipant(admin, &lk.RoomParticipantIdentity{Room: "5b", Identity: "amina"})
			if codeOfTwirp(err) != twirp.NotFound {
				t.Errorf("somebody removed: %v", err)
			}
			_, err = c.DeleteRoom(operator, &lk.DeleteRoomRequest{Room: "5b"})
			must(err)
			_, err = c.DeleteRoom(operator, &lk.DeleteRoomRequest{Room: "5b"})
			if codeOfTwirp(err) != twirp.NotFound {
				t.Errorf("a class that is gone: %v", err)
			}
		})
	}
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
