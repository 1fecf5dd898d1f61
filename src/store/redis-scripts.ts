import { createHash } from 'node:crypto'

/** A step that Redis does as a whole. */
export interface RedisScript {
  readonly text: string
  readonly sha1: string
}

function script(text: string): RedisScript {
  return { text, sha1: createHash('sha1').update(text).digest('hex') }
}

/** Milliseconds of Redis's clock; a script sees one and the same time all along. */
const NOW = `
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + time[2] / 1000
end
`

/** When any instance last showed a sign of life; what is no time, somebody else has put there. */
const PULSE = `
local function pulseOf(key)
  local held = redis.pcall('GET', key)
  local pulse = type(held) == 'string' and tonumber(held)
  return pulse and pulse == pulse and pulse
end
`

/**
 * ARGV[1] is the instance that asks, ARGV[2] the prefix, ARGV[3] the longest ordinary pause between
 * two signs of life. After a pause of Redis itself the signs of all instances have lapsed: then
 * nobody is taken for dead before all had time to show a new one.
 */
const IS_ALIVE = `${NOW}${PULSE}
local function isAlive(instance)
  if instance == ARGV[1] then return true end
  if redis.call('EXISTS', ARGV[2] .. 'alive:' .. instance, ARGV[2] .. 'grace') > 0 then return true end
  local pulse = pulseOf(ARGV[2] .. 'pulse')
  return not pulse or now() - pulse > tonumber(ARGV[3])
end
`

/** KEYS: own sign of life, pulse, grace. ARGV: how long a sign counts, the longest ordinary pause. */
export const HEARTBEAT = script(`${NOW}${PULSE}
local pulse = pulseOf(KEYS[2]) or 0
if now() - pulse > tonumber(ARGV[2]) then redis.call('SET', KEYS[3], '1', 'PX', ARGV[1]) end
redis.call('SET', KEYS[2], string.format('%.0f', now()), 'PX', 60000)
redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
return string.format('%.3f', now())
`)

export const IS_INSTANCE_ALIVE = script(`${IS_ALIVE}
return isAlive(ARGV[4]) and 1 or 0
`)

/**
 * A record's revision, 0 without a record. -1 for one that is none: it is read each time, and the
 * next write gives another.
 */
const REVISION = `
local function revisionOf(key)
  local held = redis.call('HGET', key, 'r') or '0'
  if held == '0' then return held end
  local isWhole = string.find(held, '^[1-9]%d*$')
  local isKept = #held < 16 or (#held == 16 and held <= '9000000000000000')
  return isWhole and isKept and held or '-1'
end
`

/** KEYS: the record. ARGV: the known revision. Revision and fields, or nothing if it is the known one. */
export const READ_RECORD = script(`${REVISION}
local revision = revisionOf(KEYS[1])
if revision == ARGV[1] and revision ~= '-1' then return false end
return { revision, redis.call('HGETALL', KEYS[1]) }
`)

/**
 * KEYS: the record. ARGV: the expected revision or nothing, how long to retain, channel, message;
 * then three lists, each after its length: to add, to set, to remove.
 * Revisions start at the time in microseconds, so that a record which was forgotten and begun again
 * (or a Redis that lost all) never has one that somebody still knows. Adding comes first
 * because it can fail.
 */
export const WRITE_RECORD = script(`${REVISION}
local known = revisionOf(KEYS[1])
if ARGV[1] ~= '' and known ~= ARGV[1] then return false end
local at = 5
local function each(width, change)
  local last = at + ARGV[at] * width
  for index = at + 1, last, width do change(index) end
  at = last + 1
end
each(2, function(index) redis.call('HINCRBY', KEYS[1], ARGV[index], ARGV[index + 1]) end)
each(2, function(index) redis.call('HSET', KEYS[1], ARGV[index], ARGV[index + 1]) end)
each(1, function(index) redis.call('HDEL', KEYS[1], ARGV[index]) end)
if known ~= '0' and known ~= '-1' then
  redis.call('HINCRBY', KEYS[1], 'r', 1)
else
  local time = redis.call('TIME')
  redis.call('HSET', KEYS[1], 'r', string.format('%.0f', time[1] * 1000000 + time[2]))
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[4])
return redis.call('HGET', KEYS[1], 'r')
`)

/** A claim is a hash of its owner, its token and, once it is finished, a value. */
const STATE_OF_CLAIM = `${IS_ALIVE}
local function stateOf(key)
  local held = redis.call('HMGET', key, 'o', 't', 'v')
  if not held[2] then return false end
  local state = 'running'
  if held[3] then state = 'finished' elseif not isAlive(held[1]) then state = 'abandoned' end
  return { state, held[2] .. ':' .. state, held[1], held[3] or '' }
end
`

/** KEYS: the claim. */
export const READ_CLAIM = script(`${STATE_OF_CLAIM}
return stateOf(KEYS[1])
`)

/**
 * Nothing comes back if it was taken. KEYS: the claim, the record that can bar it if there is one. ARGV from the fourth on: token, how
 * long to retain, the version to replace or nothing, the field that bars.
 */
export const TAKE_CLAIM = script(`${STATE_OF_CLAIM}
local state = stateOf(KEYS[1])
if state and state[2] ~= ARGV[6] then return state end
if KEYS[2] and redis.call('HEXISTS', KEYS[2], ARGV[7]) == 1 then return { 'barred', '', '', '' } end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'o', ARGV[1], 't', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return false
`)

/** KEYS: the claim. ARGV: owner, token, value, how long to retain. */
export const FINISH_CLAIM = script(`
local token = redis.call('HGET', KEYS[1], 't')
if token and token ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'o', ARGV[1], 't', ARGV[2], 'v', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
`)

/** KEYS: the claim. ARGV: token. */
export const RELEASE_CLAIM = script(`
local held = redis.call('HMGET', KEYS[1], 't', 'v')
if held[1] ~= ARGV[1] or held[2] then return 0 end
return redis.call('DEL', KEYS[1])
`)

/** KEYS: what is due. ARGV: member, after how long. */
export const SCHEDULE = script(`${NOW}
return redis.call('ZADD', KEYS[1], string.format('%.0f', now() + ARGV[2]), ARGV[1])
`)

/** KEYS: what is due. ARGV: how many, how long until they come up again. */
export const TAKE_DUE = script(`${NOW}
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now()), 'LIMIT', 0, ARGV[1])
local again = string.format('%.0f', now() + ARGV[2])
for _, member in ipairs(due) do redis.call('ZADD', KEYS[1], again, member) end
return due
`)
