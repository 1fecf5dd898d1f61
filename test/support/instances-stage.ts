import { onTestFinished } from 'vitest'
import type { SharedStore } from '../../src/store/shared-store.ts'
import { createDesk, type Desk } from './instances-desk.ts'
import { QUICK, startInstance, type Instance, type InstanceOptions } from './instances.ts'
import {
  createProcessStore,
  type ProcessInstance,
  type ProcessStore,
} from './process-shared-store.ts'

type Choices = Pick<InstanceOptions, 'config' | 'settings' | 'limits'>

export interface Member extends Instance, ProcessInstance {}

interface Stage extends Desk {
  readonly shared: ProcessStore
  readonly one: Member
  readonly two: Member
  readonly three: Member
}

/** Three instances that share a store in this process, and what they meet outside. */
export function setStage(choices: Choices = {}): Stage {
  const shared = createProcessStore()
  const desk = createDesk()
  const join = (name: string): Member => {
    const link = shared.join(name)
    return { ...link, ...startAt(desk, link.store, choices) }
  }
  return { ...desk, shared, one: join('one'), two: join('two'), three: join('three') }
}

/** Another instance at the same desk, over whatever store; closed when the test is over. */
export function startAt(desk: Desk, store: SharedStore, choices: Choices = {}): Instance {
  const by = store.instance
  const instance = startInstance({
    ...QUICK,
    ...choices,
    settings: { ...QUICK.settings, ...choices.settings },
    ...{ store, upstream: desk.upstreamOf(by), tools: desk.toolsOf(by) },
  })
  onTestFinished(instance.close)
  return instance
}

/** As the record of the conversation `call-1` of the test's caller is named. */
export const ID = '["test","call-1"]'
