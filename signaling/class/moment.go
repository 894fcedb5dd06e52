package class

import "preau/signaling/classpb"

// What is true for a moment: checked, sent, never logged.

func decideReact(d *docket, c *classpb.Command) error {
	p := d.self()
	if !visible(p) || p.GetPermissions().GetNoData() {
		return forbidden("the participant may not react")
	}
	if err := checkEmoji(c.GetReact().GetEmoji()); err != nil {
		return err
	}
	d.flash(&classpb.Ephemeral{Body: &classpb.Ephemeral_Reaction{Reaction: &classpb.Reaction{Emoji: c.GetReact().GetEmoji()}}})
	return nil
}

// decideAskUnmute only asks: the person unmutes, or does not.
func decideAskUnmute(d *docket, c *classpb.Command) error {
	p, err := d.insider(c.GetAskUnmute().GetParticipant())
	if err != nil {
		return err
	}
	if !MayUnmute(d.state, p.GetId(), classpb.Source_SOURCE_MICROPHONE) {
		return conflict("the participant may not unmute: give the word, or unlock")
	}
	d.flash(&classpb.Ephemeral{
		Audience: only(p.GetId()),
		Body:     &classpb.Ephemeral_UnmuteAsked{UnmuteAsked: &classpb.UnmuteAsked{Participant: p.GetId()}},
	})
	return nil
}
