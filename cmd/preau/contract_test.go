package main

import (
	"bytes"
	"testing"

	"github.com/livekit/protocol/datatrack"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"preau/loadtest/client"
)

// A data track, through real data channels: its frames come under the subscriber's own handle, bytes
// otherwise as they were sent.
func TestDataTracksOverRealChannels(t *testing.T) {
	s := startServer(t, "")
	lea, amina := s.raw(t, "tracks", "lea", teacher), s.raw(t, "tracks", "amina", pupil)
	lea.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_PublishDataTrackRequest{
		PublishDataTrackRequest: &livekit.PublishDataTrackRequest{PubHandle: 4711, Name: "thermometer"},
	}})
	info := told(lea, "the response", func(m *livekit.SignalResponse) (*livekit.DataTrackInfo, bool) {
		return m.GetPublishDataTrackResponse().GetInfo(), m.GetPublishDataTrackResponse() != nil
	})
	told(amina, "the announcement", func(m *livekit.SignalResponse) (bool, bool) {
		for _, p := range append(m.GetUpdate().GetParticipants(), m.GetJoin().GetOtherParticipants()...) {
			if p.GetIdentity() == "lea" && len(p.GetDataTracks()) == 1 && p.GetDataTracks()[0].GetSid() == info.GetSid() {
				return true, true
			}
		}
		return false, false
	})
	amina.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_UpdateDataSubscription{
		UpdateDataSubscription: &livekit.UpdateDataSubscription{Updates: []*livekit.UpdateDataSubscription_Update{{TrackSid: info.GetSid(), Subscribe: true}}},
	}})
	handle := told(amina, "the handle", func(m *livekit.SignalResponse) (uint16, bool) {
		for h, of := range m.GetDataTrackSubscriberHandles().GetSubHandles() {
			if of.GetTrackSid() == info.GetSid() && of.GetPublisherIdentity() == "lea" && of.GetPublisherSid() == lea.sid {
				return uint16(h), true
			}
		}
		return 0, false
	})
	raw := dataFrame(t)
	eventually(inTime(t), t, "a frame", func() bool { // lossy: sent until one is there
		if err := lea.channels["_data_track"].Send(raw); err != nil {
			t.Fatal(err)
		}
		amina.mu.Lock()
		defer amina.mu.Unlock()
		return len(amina.frames) > 0
	})
	want := bytes.Clone(raw)
	want[2], want[3] = byte(handle>>8), byte(handle)
	amina.mu.Lock()
	defer amina.mu.Unlock()
	if !bytes.Equal(amina.frames[0], want) {
		t.Errorf("got  %x\nwant %x", amina.frames[0], want)
	}
	if len(lea.frames) != 0 {
		t.Error("the publisher hears itself")
	}
}

// dataFrame is a whole frame of a data track in one packet, under a handle that the server is to replace.
func dataFrame(t *testing.T) []byte {
	t.Helper()
	stamp, err := datatrack.NewExtensionUserTimestamp(1234).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	sent := datatrack.Packet{
		Header: datatrack.Header{
			Handle: 4711, SequenceNumber: 65535, FrameNumber: 7, Timestamp: 90_000, IsStartOfFrame: true, IsFinalOfFrame: true,
			HasExtensions: true, Extensions: []datatrack.Extension{stamp},
		},
		Payload: bytes.Repeat([]byte("20 degrees "), 90),
	}
	raw, err := sent.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// A client that loses its socket, then restarts ICE, publishes and hears what it did before.
func TestResumeKeepsEverything(t *testing.T) {
	s := startServer(t, "")
	ctx := inTime(t)
	lea := s.join(t, "resume", "lea", teacher, client.Options{SinglePC: true})
	if _, err := lea.PublishMicrophone(ctx); err != nil {
		t.Fatal(err)
	}
	amina := s.raw(t, "resume", "amina", pupil)
	mic := amina.speak()
	receives(ctx, t, lea, mic, 25)
	amina.until("lea's voice", func() bool { return amina.packets.Load() > 25 })

	for range 2 {
		_ = amina.ws.Close()
		amina.connect(&livekit.JoinRequest{Reconnect: true, ParticipantSid: amina.sid})
		amina.until("the resume", func() bool { return amina.signals[0].GetReconnect() != nil })
		amina.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_SyncState{SyncState: &livekit.SyncState{
			PublishTracks: []*livekit.TrackPublishedResponse{{Cid: "mic", Track: &livekit.TrackInfo{Sid: mic}}},
		}}})
		amina.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Offer{Offer: amina.describe(true)}})
		amina.until("the answer", func() bool {
			for _, m := range amina.signals {
				if m.GetAnswer().GetId() == amina.offers {
					return true
				}
			}
			return false
		})
		heard, said := amina.packets.Load(), lea.Track(mic).Stats().Packets
		receives(ctx, t, lea, mic, said+50)
		amina.until("lea's voice, still", func() bool { return amina.packets.Load() > heard+50 })
	}
	if got := lea.Track(mic).Stats(); got.Repeated != 0 {
		t.Errorf("packets came twice: %+v", got)
	}
}

// Text and byte streams, calls and their answers, transcriptions and what is encrypted pass as they
// are, to those they are for.
func TestStreamsAndCallsPass(t *testing.T) {
	s := startServer(t, "")
	lea, amina, marc := s.raw(t, "calls", "lea", teacher), s.raw(t, "calls", "amina", pupil), s.raw(t, "calls", "marc", pupil)
	length := uint64(6)
	kinds := []*livekit.DataPacket{
		{Value: &livekit.DataPacket_StreamHeader{StreamHeader: &livekit.DataStream_Header{StreamId: "s", Topic: "homework", MimeType: "text/plain", TotalLength: &length, ContentHeader: &livekit.DataStream_Header_TextHeader{TextHeader: &livekit.DataStream_TextHeader{}}}}},
		{Value: &livekit.DataPacket_StreamChunk{StreamChunk: &livekit.DataStream_Chunk{StreamId: "s", Content: []byte("page 7")}}},
		{Value: &livekit.DataPacket_StreamTrailer{StreamTrailer: &livekit.DataStream_Trailer{StreamId: "s"}}},
		{Value: &livekit.DataPacket_StreamHeader{StreamHeader: &livekit.DataStream_Header{StreamId: "b", Topic: "files", ContentHeader: &livekit.DataStream_Header_ByteHeader{ByteHeader: &livekit.DataStream_ByteHeader{Name: "a.pdf"}}}}},
		{Value: &livekit.DataPacket_RpcRequest{RpcRequest: &livekit.RpcRequest{Id: "1", Method: "add", Payload: "1+1", Version: 1}}},
		{Value: &livekit.DataPacket_RpcAck{RpcAck: &livekit.RpcAck{RequestId: "1"}}},
		{Value: &livekit.DataPacket_RpcResponse{RpcResponse: &livekit.RpcResponse{RequestId: "1", Value: &livekit.RpcResponse_Payload{Payload: "2"}}}},
		{Value: &livekit.DataPacket_EncryptedPacket{EncryptedPacket: &livekit.EncryptedPacket{EncryptedValue: []byte{1, 2, 3}}}},
	}
	for i, p := range kinds {
		p.Sequence, p.DestinationIdentities = uint32(i+1), []string{"amina"}
		b, err := proto.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if err := lea.channels["_reliable"].Send(b); err != nil {
			t.Fatal(err)
		}
	}
	amina.until("all of them", func() bool { return len(amina.data) == len(kinds) })
	for i, got := range amina.data {
		want := kinds[i]
		want.ParticipantIdentity, want.ParticipantSid = "lea", lea.sid
		if !proto.Equal(got, want) {
			t.Errorf("packet %d: got %v, want %v", i, got, want)
		}
	}
	marc.mu.Lock()
	defer marc.mu.Unlock()
	if len(marc.data) != 0 {
		t.Errorf("marc heard %v", marc.data)
	}
}
