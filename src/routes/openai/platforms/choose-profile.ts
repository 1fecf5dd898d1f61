import type { FastifyRequest } from 'fastify'
import { isJsonObject, type JsonObject } from '../../json-object.ts'
import type { AuthKey, PlatformChoice } from '../../options.ts'
import type { HttpPlatform, Profile, Sight } from './profile.ts'
import { PROFILES } from './profiles.ts'

/** Who asks, and what that means for the request and its answer. */
export interface ChosenProfile extends Profile {
  readonly platform: HttpPlatform
}

export type ChooseProfile = (request: FastifyRequest, body: JsonObject) => ChosenProfile

interface Options {
  readonly keys: readonly AuthKey[]
  readonly platform: PlatformChoice
}

// Object.entries gives the names as plain texts.
const CHOICES = (Object.entries(PROFILES) as readonly [HttpPlatform, Profile][]).map(
  ([platform, profile]): ChosenProfile => ({ platform, ...profile }),
)
const BY_PLATFORM = new Map(CHOICES.map((choice) => [choice.platform, choice]))
const OTHER: ChosenProfile = { platform: 'other', ...PROFILES.other }

/** By what the request's key is for, else by the configuration, else by what the request looks like. */
export function createChooseProfile({ keys, platform }: Options): ChooseProfile {
  const ofKey = new Map(keys.map((key) => [key.name, key.platform]))
  return (request, body) => {
    const named = ofKey.get(request.caller) ?? platform
    if (named !== 'auto') return BY_PLATFORM.get(named) ?? OTHER
    const sight = toSight(request, body)
    return CHOICES.find((choice) => choice.detects(sight)) ?? OTHER
  }
}

const NOTHING: JsonObject = {}

function toSight({ headers, query }: FastifyRequest, body: JsonObject): Sight {
  // JSON.parse gives any[]
  const list: readonly unknown[] = Array.isArray(body.messages) ? body.messages : []
  return {
    headers,
    query: objectOr(query),
    body,
    firstMessage: objectOr(list[0]),
    secondMessage: objectOr(list[1]),
    lastMessage: objectOr(list.at(-1)),
  }
}

function objectOr(value: unknown): JsonObject {
  return isJsonObject(value) ? value : NOTHING
}
