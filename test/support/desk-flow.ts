import { startTurnstate } from './turnstate.ts'

const FLOW = {
  starting_state: 'identify',
  general_prompt: 'You are the desk of {{clinic}}. Caller tier: {{extra.tier}}.',
  general_tools: ['hours'],
  platform_tools: { allow: ['end_call', 'skip_turn'] },
  default_dynamic_variables: { clinic: 'Oak Street' },
  variables: { name: {}, slot: {}, booked: { type: 'boolean', default: false } },
  states: {
    identify: {
      state_prompt: 'Find out who is calling.',
      tools: ['find'],
      edges: [
        { to: 'choose', when: { type: 'expression', all: [{ var: 'name', op: 'exists' }] } },
        {
          to: 'human',
          when: { type: 'expression', all: [{ var: '$turns_in_state', op: '>=', value: 3 }] },
        },
      ],
    },
    choose: {
      state_prompt: 'Offer times to {{name}}.',
      platform_tools: { deny: ['end_call'] },
      model: { temperature: 0.1 },
      edges: [
        {
          to: 'book',
          when: {
            type: 'llm',
            description: 'Settled on a slot.',
            parameters: {
              type: 'object',
              required: ['slot'],
              properties: { slot: { type: 'string' } },
            },
          },
        },
      ],
    },
    book: {
      state_prompt: 'Book {{slot}}.',
      edges: [{ to: 'done', when: { type: 'result', tool: 'pay', status: 'ok' } }],
    },
    done: { say: 'All done, {{name}}.', state_prompt: 'Say goodbye.' },
    human: {
      global: { when: { type: 'llm', description: 'Wants a person.' } },
      say: 'I will put you through.',
    },
  },
}
const TOOLS = {
  hours: { type: 'static', description: 'Opening hours', result: 'Mon-Fri 8-18 at {{clinic}}' },
  find: {
    type: 'static',
    result: { items: [{ name: 'Ada' }] },
    assignments: [{ variable: 'name', value_path: 'items.0.name' }],
  },
}

/** A whole server with a flow that looks callers up, offers them times and books one. */
export const startDesk = (config: Readonly<Record<string, unknown>> = {}) =>
  startTurnstate({ flow: FLOW, tools: TOOLS, config })
