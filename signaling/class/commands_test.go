package class

import "preau/signaling/classpb"

// Commands, short to write.

func open(name, title string, lobby bool) *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_Open{Open: &classpb.OpenClass{Name: name, Title: title, Lobby: lobby}}}
}

func end() *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_End{End: &classpb.EndClass{}}}
}

func join(identity, name string, role classpb.Role) *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_Join{Join: &classpb.Join{
		Role: role, Profile: &classpb.Profile{Identity: identity, Name: name},
	}}}
}

func leave() *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_Leave{Leave: &classpb.LeaveClass{}}}
}

func presence(id string, p classpb.Presence) *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_SetPresence{SetPresence: &classpb.SetPresence{Participant: id, Presence: p}}}
}

func admit(ids ...string) *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_Admit{Admit: &classpb.Admit{Participants: ids, All: len(ids) == 0}}}
}

func refuseEntry(ids ...string) *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_Refuse{Refuse: &classpb.Refuse{Participants: ids}}}
}

func remove(id string, ban bool) *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_Remove{Remove: &classpb.Remove{Participant: id, Ban: ban}}}
}

func unban(id string) *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_Unban{Unban: &classpb.Unban{Participant: id}}}
}

func setRole(id string, role classpb.Role) *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_SetRole{SetRole: &classpb.SetRole{Participant: id, Role: role}}}
}

func setLocks(l *classpb.SetLocks) *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_SetLocks{SetLocks: l}}
}

func setLobby(on bool) *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_SetLobby{SetLobby: &classpb.SetLobby{Lobby: on}}}
}

func setPermissions(p *classpb.SetPermissions) *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_SetPermissions{SetPermissions: p}}
}

func publish(id, sid string, source classpb.Source) *classpb.Command {
	kind, mime := classpb.TrackKind_TRACK_KIND_VIDEO, "video/VP8"
	if source == microphone || source == screenAudio {
		kind, mime = classpb.TrackKind_TRACK_KIND_AUDIO, "audio/opus"
	}
	return &classpb.Command{Body: &classpb.Command_PublishTrack{PublishTrack: &classpb.PublishTrack{Track: &classpb.Track{
		Sid: sid, Participant: id, Source: source, Kind: kind, Mime: mime,
	}}}}
}

func unpublish(sid string) *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_UnpublishTrack{UnpublishTrack: &classpb.UnpublishTrack{Sid: sid}}}
}

func mute(sid string, muted bool) *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_Mute{Mute: &classpb.Mute{Sid: sid, Muted: muted}}}
}

func muteAll(lock bool) *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_MuteAll{MuteAll: &classpb.MuteAll{Lock: lock}}}
}

func raiseHand() *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_RaiseHand{RaiseHand: &classpb.RaiseHand{}}}
}

func lowerHand(id string) *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_LowerHand{LowerHand: &classpb.LowerHand{Participant: id}}}
}

func lowerAllHands() *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_LowerAllHands{LowerAllHands: &classpb.LowerAllHands{}}}
}

func giveWord(id string) *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_GiveWord{GiveWord: &classpb.GiveWord{Participant: id}}}
}

func takeWord(id string) *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_TakeWord{TakeWord: &classpb.TakeWord{Participant: id}}}
}

func react(emoji string) *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_React{React: &classpb.React{Emoji: emoji}}}
}

func askUnmute(id string) *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_AskUnmute{AskUnmute: &classpb.AskUnmute{Participant: id}}}
}

func chat(to *classpb.ChatTarget, text string) *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_SendChat{SendChat: &classpb.SendChat{To: to, Text: text}}}
}

func toEveryone() *classpb.ChatTarget {
	return &classpb.ChatTarget{To: &classpb.ChatTarget_Everyone{Everyone: true}}
}

func toTeachers() *classpb.ChatTarget {
	return &classpb.ChatTarget{To: &classpb.ChatTarget_Teachers{Teachers: true}}
}

func toOne(id string) *classpb.ChatTarget {
	return &classpb.ChatTarget{To: &classpb.ChatTarget_Participant{Participant: id}}
}

func deleteChat(id string) *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_DeleteChat{DeleteChat: &classpb.DeleteChat{Id: id}}}
}

func spotlight(id string) *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_SetSpotlight{SetSpotlight: &classpb.SetSpotlight{Participant: id}}}
}

func setTitle(title string) *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_SetTitle{SetTitle: &classpb.SetTitle{Title: title}}}
}

func setMetadata(metadata string) *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_SetMetadata{SetMetadata: &classpb.SetMetadata{Metadata: metadata}}}
}

func setConnected(id, sid string) *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_SetConnected{SetConnected: &classpb.SetConnected{Participant: id, Sid: sid}}}
}

func setSid(id, sid string) *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_SetSid{SetSid: &classpb.SetSid{Participant: id, Sid: sid}}}
}

func forwardedSid(id, sid string) *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_SetSid{SetSid: &classpb.SetSid{Participant: id, Sid: sid, Forwarded: true}}}
}

func rename(id, name string) *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_SetProfile{SetProfile: &classpb.SetProfile{Participant: id, Name: &name}}}
}

func yes() *bool { return ptr(true) }

func no() *bool { return ptr(false) }

func ptr[T any](v T) *T { return &v }
