package class

import (
	"fmt"
	"maps"
	"slices"

	"pgregory.net/rapid"

	"preau/signaling/classpb"
)

// What chaos draws from. Most draws make sense in the state at hand; some do not.

func (c *chaos) actor() Actor {
	kind := rapid.SampledFrom([]string{"node", "node", "key", "teacher", "teacher", "anyone", "anyone"}).Draw(c.rt, "actor")
	switch kind {
	case "node":
		return Node()
	case "key":
		return Key("school")
	case "teacher":
		for _, id := range c.everyone() {
			if CanModerate(c.sc.state, id) {
				return By(id)
			}
		}
	}
	return By(c.someone())
}

func (c *chaos) everyone() []string {
	return slices.Sorted(maps.Keys(c.sc.state.GetParticipants()))
}

func (c *chaos) someone() string {
	return rapid.SampledFrom(append(c.everyone(), "P_nobody")).Draw(c.rt, "participant")
}

func (c *chaos) track() string {
	return rapid.SampledFrom(append(slices.Sorted(maps.Keys(c.sc.state.GetTracks())), "TR_none")).Draw(c.rt, "track")
}

func (c *chaos) message() string {
	ids := []string{"CM_none"}
	for _, m := range c.sc.state.GetChat() {
		ids = append(ids, m.GetId())
	}
	return rapid.SampledFrom(ids).Draw(c.rt, "message")
}

func (c *chaos) flag() bool { return rapid.Bool().Draw(c.rt, "flag") }

func (c *chaos) maybe() *bool {
	return rapid.SampledFrom([]*bool{nil, ptr(false), ptr(true)}).Draw(c.rt, "maybe")
}

func (c *chaos) turn() *classpb.Switch {
	return rapid.SampledFrom([]*classpb.Switch{
		nil, ptr(classpb.Switch_SWITCH_DEFAULT), ptr(classpb.Switch_SWITCH_ALLOWED), ptr(classpb.Switch_SWITCH_DENIED),
	}).Draw(c.rt, "switch")
}

func (c *chaos) role() classpb.Role {
	return rapid.SampledFrom([]classpb.Role{
		pupil, pupil, pupil, presenter, teacher, observer, classpb.Role_ROLE_RECORDER,
	}).Draw(c.rt, "role")
}

func (c *chaos) target() *classpb.ChatTarget {
	switch rapid.IntRange(0, 3).Draw(c.rt, "target") {
	case 0:
		return toEveryone()
	case 1:
		return toTeachers()
	default:
		return toOne(c.someone())
	}
}

// command draws one; the node's are drawn for the node mostly.
func (c *chaos) command(a Actor) *classpb.Command {
	draws := c.byThePage()
	if a.Kind != ActorParticipant {
		draws = append(c.byTheServer(), draws...)
	}
	return rapid.SampledFrom(draws).Draw(c.rt, "command")()
}

func (c *chaos) byTheServer() []func() *classpb.Command {
	enter := func() *classpb.Command {
		who := fmt.Sprintf("person-%d", rapid.IntRange(1, 7).Draw(c.rt, "who"))
		j := join(who, "~"+who+"~", c.role())
		j.GetJoin().Foreign, j.GetJoin().Unasked = c.flag(), c.flag()
		j.GetJoin().Permissions = &classpb.Permissions{Camera: *cmpOr(c.turn()), NoData: c.flag()}
		return j
	}
	return []func() *classpb.Command{
		enter, enter, enter, enter,
		func() *classpb.Command {
			to := rapid.SampledFrom([]classpb.Presence{
				classpb.Presence_PRESENCE_PRESENT, classpb.Presence_PRESENCE_AWAY, classpb.Presence_PRESENCE_GONE,
			}).Draw(c.rt, "presence")
			return presence(c.someone(), to)
		},
		c.publication, c.publication, c.publication,
		func() *classpb.Command { return unpublish(c.track()) },
		func() *classpb.Command {
			c.sids++
			if rapid.Bool().Draw(c.rt, "forwarded") {
				return forwardedSid(c.someone(), fmt.Sprintf("PA_%d", c.sids))
			}
			return setSid(c.someone(), fmt.Sprintf("PA_%d", c.sids))
		},
		func() *classpb.Command {
			id := c.someone()
			return setConnected(id, c.sc.person(id).GetSid())
		},
		func() *classpb.Command {
			set := &classpb.SetProfile{Participant: c.someone(), Attributes: map[string]string{"seat": fmt.Sprint(c.sc.now % 3)}}
			return &classpb.Command{Body: &classpb.Command_SetProfile{SetProfile: set}}
		},
		func() *classpb.Command { return setMetadata(fmt.Sprint(c.sc.now)) },
		func() *classpb.Command { return open("maths", "again", false) },
	}
}

func cmpOr(s *classpb.Switch) *classpb.Switch {
	if s == nil {
		return ptr(classpb.Switch_SWITCH_DEFAULT)
	}
	return s
}

func (c *chaos) publication() *classpb.Command {
	source := rapid.SampledFrom([]classpb.Source{microphone, camera, screen, screenAudio, classpb.Source_SOURCE_UNSPECIFIED}).Draw(c.rt, "source")
	c.sids++
	p := publish(c.someone(), fmt.Sprintf("TR_%d", c.sids), source)
	p.GetPublishTrack().GetTrack().Muted = c.flag()
	if rapid.IntRange(0, 5).Draw(c.rt, "again") == 0 {
		p.GetPublishTrack().GetTrack().Sid = c.track()
	}
	return p
}

func (c *chaos) byThePage() []func() *classpb.Command {
	return []func() *classpb.Command{
		leave,
		func() *classpb.Command { return admit() },
		func() *classpb.Command { return admit(c.someone(), c.someone()) },
		func() *classpb.Command { return refuseEntry(c.someone()) },
		func() *classpb.Command { return remove(c.someone(), c.flag()) },
		func() *classpb.Command { return unban(c.someone()) },
		func() *classpb.Command { return setRole(c.someone(), c.role()) },
		func() *classpb.Command { return setRole(c.someone(), c.role()) },
		func() *classpb.Command {
			return setLocks(&classpb.SetLocks{
				Microphone: c.maybe(), Camera: c.maybe(), Screen: c.maybe(),
				Chat: c.maybe(), Unmute: c.maybe(), PrivateChat: c.maybe(),
			})
		},
		func() *classpb.Command { return setLobby(c.flag()) },
		func() *classpb.Command {
			return setPermissions(&classpb.SetPermissions{
				Participant: c.someone(), Microphone: c.turn(), Camera: c.turn(), Screen: c.turn(), Chat: c.turn(),
				NoSubscribe: c.maybe(), NoData: c.maybe(),
			})
		},
		func() *classpb.Command { return mute(c.track(), c.flag()) },
		func() *classpb.Command { return muteAll(c.flag()) },
		raiseHand, raiseHand,
		func() *classpb.Command { return lowerHand(c.someone()) },
		lowerAllHands,
		func() *classpb.Command { return giveWord(c.someone()) },
		func() *classpb.Command { return takeWord(c.someone()) },
		func() *classpb.Command { return react("👍🏽") },
		c.words, c.words, c.words,
		func() *classpb.Command { return deleteChat(c.message()) },
		func() *classpb.Command { return spotlight(c.someone()) },
		func() *classpb.Command { return setTitle(fmt.Sprint("title ", c.sc.now)) },
		func() *classpb.Command { return askUnmute(c.someone()) },
		func() *classpb.Command {
			if rapid.IntRange(0, 20).Draw(c.rt, "really") == 0 {
				return end()
			}
			return raiseHand()
		},
	}
}

func (c *chaos) words() *classpb.Command {
	c.texts++
	return chat(c.target(), fmt.Sprintf("<text %d>", c.texts))
}
