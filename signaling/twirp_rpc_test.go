package signaling

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/livekit/protocol/auth"
	lk "github.com/livekit/protocol/livekit"
	"github.com/twitchtv/twirp"
)

// asked waits for a call of a method at a client, and is its id.
func (c *rtcClient) asked(method string) (id string) {
	c.t.Helper()
	c.peer.got(c.t, "a call of "+method, func(kind DataKind, p *lk.DataPacket) bool {
		r := p.GetRpcRequest()
		if r.GetMethod() == method && kind == DataReliable && r.GetVersion() == 1 && r.GetPayload() == "in" {
			id = r.GetId()
		}
		return id != ""
	})
	return id
}

func (c *rtcClient) respond(r *lk.RpcResponse) {
	c.peer.listener.PeerEvent(DataEvent{Kind: DataReliable, Payload: packet(c.t, &lk.DataPacket{
		DestinationIdentities: []string{""}, Value: &lk.DataPacket_RpcResponse{RpcResponse: r},
	})})
}

func (c *rtcClient) ack(id string) {
	c.peer.listener.PeerEvent(DataEvent{Kind: DataReliable, Payload: packet(c.t, &lk.DataPacket{
		DestinationIdentities: []string{""}, Value: &lk.DataPacket_RpcAck{RpcAck: &lk.RpcAck{RequestId: id}},
	})})
}

func TestPerformRpc(t *testing.T) {
	s := newRTCSchool(t)
	eve := s.enter(s.token("eve", teacher))
	bob := s.enter(s.token("bob", pupil))
	ctx, api := s.api(auth.VideoGrant{RoomAdmin: true, Room: "maths"})
	perform := func(method string, timeoutMS uint32) <-chan error { return performs(ctx, api, method, timeoutMS) }

	done := perform("good", 0)
	id := bob.asked("good")
	eve.respond(&lk.RpcResponse{RequestId: id, Value: &lk.RpcResponse_Payload{Payload: "another's"}})
	bob.ack(id)
	bob.respond(&lk.RpcResponse{RequestId: id, Value: &lk.RpcResponse_Payload{Payload: "out"}})
	if err := <-done; err != nil {
		t.Error(err)
	}

	done = perform("bad", 0)
	bob.respond(&lk.RpcResponse{RequestId: bob.asked("bad"), Value: &lk.RpcResponse_Error{Error: &lk.RpcError{Code: 42, Message: "no", Data: "d"}}})
	err := <-done
	failedCall(t, "the method's own error", err, twirp.Unknown, "42")
	var coded twirp.Error
	if errors.As(err, &coded) && coded.Meta("rpc_data") != "d" {
		t.Errorf("data %q", coded.Meta("rpc_data"))
	}

	done = perform("missing", 0)
	bob.respond(&lk.RpcResponse{RequestId: bob.asked("missing"), Value: &lk.RpcResponse_Error{Error: &lk.RpcError{Code: 1400}}})
	failedCall(t, "no such method", <-done, twirp.Unimplemented, "1400")

	failedCall(t, "no acknowledgement", <-perform("silent", 50), twirp.DeadlineExceeded, "1501")
	failedCall(t, "longer than a minute", <-perform("long", 61_000), twirp.InvalidArgument, "")

	done = perform("leaving", 0)
	bob.asked("leaving")
	_ = bob.conn.Close()
	session := s.server.rtc.session("/maths", s.id("bob"))
	session.post(func() { session.end(nil) })
	failedCall(t, "the callee has gone", <-done, twirp.Unavailable, "1503")

	s.server.rtc.calls.mu.Lock()
	defer s.server.rtc.calls.mu.Unlock()
	if n := len(s.server.rtc.calls.calls); n > 0 {
		t.Errorf("%d calls are still kept", n)
	}
}

// performs calls a method of bob's, whose answer shall be "out".
func performs(ctx context.Context, api lk.RoomService, method string, timeoutMS uint32) <-chan error {
	done := make(chan error, 1)
	go func() {
		answer, err := api.PerformRpc(ctx, &lk.PerformRpcRequest{
			Room: "maths", DestinationIdentity: "bob", Method: method, Payload: "in", ResponseTimeoutMs: timeoutMS,
		})
		if err == nil && answer.GetPayload() != "out" {
			err = errors.New("the answer is " + answer.GetPayload())
		}
		done <- err
	}()
	return done
}

// failedCall checks an error's Twirp code, and LiveKit's of the call.
func failedCall(t *testing.T, what string, err error, code twirp.ErrorCode, meta string) {
	t.Helper()
	var coded twirp.Error
	if !errors.As(err, &coded) || coded.Code() != code || coded.Meta("rpc_code") != meta {
		t.Errorf("%s: %v, want %s of %s", what, err, code, meta)
	}
}

// What the server API says of a participant, its client hears at once and its token carries on.
func TestUpdateParticipantLive(t *testing.T) {
	s := newRTCSchool(t)
	ada := s.enter(s.token("ada", teacher))
	bob := s.enter(s.token("bob", pupil))
	mic := bob.publish(s, microphone("m"))
	cam := bob.publish(s, &lk.AddTrackRequest{Cid: "c", Type: lk.TrackType_VIDEO, Source: lk.TrackSource_CAMERA})
	ctx, api := s.api(auth.VideoGrant{RoomAdmin: true, Room: "maths"})
	update := func(q *lk.UpdateParticipantRequest) error {
		q.Room, q.Identity = "maths", "bob"
		_, err := api.UpdateParticipant(ctx, q)
		return err
	}
	err := update(&lk.UpdateParticipantRequest{
		Name: "Bob", Metadata: "m", Attributes: map[string]string{"seat": "4"},
		Permission: &lk.ParticipantPermission{CanSubscribe: true, CanPublishData: true, CanUpdateMetadata: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	bob.peer.did(t, "its microphone is closed", is(SetBlocked{SID: mic, Blocked: true}))
	bob.peer.did(t, "and its camera", is(RemoveTrack{SID: cam}))
	token := bob.expect("a token", func(m *lk.SignalResponse) bool { return m.GetRefreshToken() != "" }).GetRefreshToken()
	ada.expectInfo("bob", func(p *lk.ParticipantInfo) bool {
		return p.GetName() == "Bob" && p.GetMetadata() == "m" && p.GetAttributes()["seat"] == "4" &&
			len(p.GetTracks()) == 1 && p.GetTracks()[0].GetMuted() && !p.GetPermission().GetCanPublish()
	})
	if claims, err := s.keys.Verify(token); err != nil || !claims.Grants.Video.GetCanUpdateOwnMetadata() {
		t.Errorf("the new token: %v (%v)", claims, err)
	}
	bob.send(&lk.SignalRequest{Message: &lk.SignalRequest_AddTrack{AddTrack: microphone("again")}})
	bob.expect("a refusal", func(m *lk.SignalResponse) bool {
		return m.GetRequestResponse().GetReason() == lk.RequestResponse_NOT_ALLOWED
	})
	bob.send(&lk.SignalRequest{Message: &lk.SignalRequest_UpdateMetadata{UpdateMetadata: &lk.UpdateParticipantMetadata{Name: "Robert", RequestId: 5}}})
	ada.expectInfo("bob", func(p *lk.ParticipantInfo) bool { return p.GetName() == "Robert" })
	if err := update(&lk.UpdateParticipantRequest{Permission: &lk.ParticipantPermission{Hidden: true}}); codeOfTwirp(err) != twirp.Unimplemented {
		t.Errorf("hiding somebody: %v", err)
	}
}

func TestUpdateSubscriptions(t *testing.T) {
	s := newRTCSchool(t)
	ada := s.enter(s.token("ada", teacher))
	bob := s.enter(s.token("bob", pupil))
	mic := ada.publish(s, microphone("m"))
	bob.peer.did(t, "bob hears", is(Subscribe{SID: mic, On: true}))
	ctx, api := s.api(auth.VideoGrant{RoomAdmin: true, Room: "maths"})
	q := &lk.UpdateSubscriptionsRequest{Room: "maths", Identity: "bob", ParticipantTracks: []*lk.ParticipantTracks{{ParticipantSid: ada.sid, TrackSids: []string{mic}}}}
	if _, err := api.UpdateSubscriptions(ctx, q); err != nil {
		t.Fatal(err)
	}
	bob.peer.did(t, "bob hears no more", is(Subscribe{SID: mic}))
	if _, err := api.UpdateSubscriptions(ctx, &lk.UpdateSubscriptionsRequest{Room: "maths", Identity: "nobody"}); codeOfTwirp(err) != twirp.NotFound {
		t.Errorf("of nobody: %v", err)
	}
}

// A token that brings LiveKit's room configuration opens the room by it.
func TestRoomConfigOfAToken(t *testing.T) {
	s := newRTCSchool(t)
	token, err := auth.NewAccessToken("key", testSecret).SetIdentity("ada").
		SetVideoGrant(&auth.VideoGrant{RoomJoin: true, Room: "maths"}).
		SetRoomConfig(&lk.RoomConfiguration{EmptyTimeout: 11, DepartureTimeout: 12, MaxParticipants: 13, Metadata: "m"}).ToJWT()
	if err != nil {
		t.Fatal(err)
	}
	r := s.enter(token).join.GetRoom()
	if r.GetEmptyTimeout() != 11 || r.GetDepartureTimeout() != 12 || r.GetMaxParticipants() != 13 || r.GetMetadata() != "m" {
		t.Errorf("the room is %v", r)
	}
}

// Every other service of LiveKit is honest about not being there, in both encodings.
func TestOtherServicesAreUnimplemented(t *testing.T) {
	s := newRTCSchool(t)
	ctx, _ := s.api(auth.VideoGrant{RoomAdmin: true, RoomCreate: true, Room: "maths"})
	for name, call := range map[string]func() error{
		"Egress": func() error {
			return second(lk.NewEgressProtobufClient(s.http.URL, http.DefaultClient).ListEgress(ctx, &lk.ListEgressRequest{}))
		},
		"Egress, JSON": func() error {
			return second(lk.NewEgressJSONClient(s.http.URL, http.DefaultClient).ListEgress(ctx, &lk.ListEgressRequest{}))
		},
		"Ingress": func() error {
			return second(lk.NewIngressProtobufClient(s.http.URL, http.DefaultClient).ListIngress(ctx, &lk.ListIngressRequest{}))
		},
		"SIP": func() error {
			return second(lk.NewSIPProtobufClient(s.http.URL, http.DefaultClient).ListSIPInboundTrunk(ctx, &lk.ListSIPInboundTrunkRequest{}))
		},
		"AgentDispatch": func() error {
			return second(lk.NewAgentDispatchServiceProtobufClient(s.http.URL, http.DefaultClient).ListDispatch(ctx, &lk.ListAgentDispatchRequest{}))
		},
		"AgentDispatch JSON": func() error {
			return second(lk.NewAgentDispatchServiceJSONClient(s.http.URL, http.DefaultClient).ListDispatch(ctx, &lk.ListAgentDispatchRequest{}))
		},
	} {
		if err := call(); codeOfTwirp(err) != twirp.Unimplemented {
			t.Errorf("%s: %v", name, err)
		}
	}
}
