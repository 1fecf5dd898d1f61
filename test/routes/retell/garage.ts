import { startEffectDesk, taking, writing } from '../../support/effect-desk.ts'

export const GARAGE = { starting_state: 'desk', states: { desk: { say: 'Garage desk.' } } }

/** A desk that books slots, each once. */
export const startBookingDesk = (more: object = {}) =>
  startEffectDesk({
    flow: {
      states: {
        desk: {
          say: 'Garage desk.',
          edges: [{ to: 'booked', when: { type: 'result', tool: 'book', status: 'ok' } }],
        },
        booked: { state_prompt: 'It is booked.' },
      },
    },
    tools: (at) => ({
      book: writing(at, 'book', { ...taking('slot'), commit: 'immediate', ...more }),
    }),
  })
export const book = (slot: string) => ({ calls: [{ name: 'book', arguments: { slot } }] })
