// Everybody's and the teacher's acts as commands of the schema.

import { create } from '@bufbuild/protobuf'
import { tracksOf } from '../class/questions'
import { done, type Outcome } from '../class/status'
import { Source, type State } from '../gen/class_pb'
import * as pb from '../gen/command_pb'
import type { ClassActions } from './classroom'

export interface Sender {
  readonly view: State
  send(body: pb.Command['body']): Promise<Outcome>
}

/** leave is more than a command: the page ends its sockets, too. */
export function actionsOn(link: Sender, leave: () => Promise<Outcome>): ClassActions {
  return { leave, ...ownActs(link), ...wordActs(link), ...doorActs(link), ...ruleActs(link) }
}

type OwnActs = Pick<ClassActions, 'raiseHand' | 'lowerHand' | 'react'>

function ownActs(link: Sender): OwnActs {
  return {
    raiseHand: () => link.send({ case: 'raiseHand', value: create(pb.RaiseHandSchema) }),
    lowerHand: (participant = '') =>
      link.send({ case: 'lowerHand', value: create(pb.LowerHandSchema, { participant }) }),
    react: (emoji) => link.send({ case: 'react', value: create(pb.ReactSchema, { emoji }) }),
  }
}

type WordActs = Pick<
  ClassActions,
  'lowerAllHands' | 'giveWord' | 'takeWord' | 'mute' | 'muteAll' | 'askUnmute'
>

function wordActs(link: Sender): WordActs {
  return {
    lowerAllHands: () =>
      link.send({ case: 'lowerAllHands', value: create(pb.LowerAllHandsSchema) }),
    giveWord: (participant) =>
      link.send({ case: 'giveWord', value: create(pb.GiveWordSchema, { participant }) }),
    takeWord: (participant) =>
      link.send({ case: 'takeWord', value: create(pb.TakeWordSchema, { participant }) }),
    mute: (id) => muteOne(link, id),
    muteAll: (lock) => link.send({ case: 'muteAll', value: create(pb.MuteAllSchema, { lock }) }),
    askUnmute: (participant) =>
      link.send({ case: 'askUnmute', value: create(pb.AskUnmuteSchema, { participant }) }),
  }
}

/** Mutes each open microphone of the person: there may be two renditions of one voice. */
async function muteOne(link: Sender, id: string): Promise<Outcome> {
  const open = tracksOf(link.view, id, Source.MICROPHONE).filter((t) => !t.muted)
  const outcomes = await Promise.all(
    open.map(({ sid }) =>
      link.send({ case: 'mute', value: create(pb.MuteSchema, { sid, muted: true }) }),
    ),
  )
  return outcomes.find((o) => !o.ok) ?? outcomes[0] ?? done
}

type DoorActs = Pick<
  ClassActions,
  'admit' | 'admitAll' | 'refuse' | 'remove' | 'unban' | 'setLobby' | 'end'
>

function doorActs(link: Sender): DoorActs {
  const admit = (participants: string[], all: boolean) =>
    link.send({ case: 'admit', value: create(pb.AdmitSchema, { participants, all }) })
  return {
    admit: (ids) => admit([...ids], false),
    admitAll: () => admit([], true),
    refuse: (ids) =>
      link.send({ case: 'refuse', value: create(pb.RefuseSchema, { participants: [...ids] }) }),
    remove: (participant, ban) =>
      link.send({ case: 'remove', value: create(pb.RemoveSchema, { participant, ban }) }),
    unban: (participant) =>
      link.send({ case: 'unban', value: create(pb.UnbanSchema, { participant }) }),
    setLobby: (lobby) =>
      link.send({ case: 'setLobby', value: create(pb.SetLobbySchema, { lobby }) }),
    end: () => link.send({ case: 'end', value: create(pb.EndClassSchema) }),
  }
}

type RuleActs = Pick<
  ClassActions,
  'setRole' | 'setLocks' | 'setPermissions' | 'setSpotlight' | 'setTitle'
>

function ruleActs(link: Sender): RuleActs {
  return {
    setRole: (participant, role) =>
      link.send({ case: 'setRole', value: create(pb.SetRoleSchema, { participant, role }) }),
    setLocks: (changes) =>
      link.send({ case: 'setLocks', value: create(pb.SetLocksSchema, changes) }),
    setPermissions: (participant, changes) =>
      link.send({
        case: 'setPermissions',
        value: create(pb.SetPermissionsSchema, { participant, ...changes }),
      }),
    setSpotlight: (participant = '') =>
      link.send({ case: 'setSpotlight', value: create(pb.SetSpotlightSchema, { participant }) }),
    setTitle: (title) =>
      link.send({ case: 'setTitle', value: create(pb.SetTitleSchema, { title }) }),
  }
}
