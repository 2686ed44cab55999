-- In front of the scripts that count what users spend. The keys come in this order.
-- The last is missing in a cluster, where it is in another slot, and of users that
-- aren't listed.
local TICKET, PLACES, BEGUN, USAGE, INDEX = 1, 2, 3, 4, 5

local MINUTE, HOUR, DAY = 60000, 3600000, 86400000
local KEPT = 92 -- days

-- The server's clock in milliseconds: all instances use this one.
local function now()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end

local function text(number)
  return string.format('%.0f', number)
end

-- Days are counted from 1970, as text that sorts.
local function dayOf(at)
  return string.format('%05d', math.floor(at / DAY))
end

-- What the user has spent on a day: runs, input, output, estimated.
local function spentOn(day)
  local value = redis.call('HGET', KEYS[USAGE], day)
  if not value then
    return 0, 0, 0, 0
  end
  local runs, input, output, estimated = string.match(value, '^(%d+) (%d+) (%d+) (%d+)$')
  return tonumber(runs), tonumber(input), tonumber(output), tonumber(estimated)
end

-- Adds to what the user has spent today. A user that isn't listed is forgotten when
-- its day is over.
local function spend(user, unlisted, at, runs, input, output, estimated)
  local day = dayOf(at)
  local r, i, o, e = spentOn(day)
  local new = redis.call('HSET', KEYS[USAGE], day,
    text(r + runs) .. ' ' .. text(i + input) .. ' ' .. text(o + output) .. ' ' .. text(e + estimated))
  local oldest = dayOf(unlisted == '1' and at or at - (KEPT - 1) * DAY)
  if unlisted == '1' then
    redis.call('PEXPIRE', KEYS[USAGE], text(DAY - at % DAY + HOUR))
  else
    redis.call('PEXPIRE', KEYS[USAGE], text(KEPT * DAY))
  end
  if new == 1 then
    for _, kept in ipairs(redis.call('HKEYS', KEYS[USAGE])) do
      if kept < oldest then
        redis.call('HDEL', KEYS[USAGE], kept)
      end
    end
    if KEYS[INDEX] then
      redis.call('ZADD', KEYS[INDEX], 0, day .. ' ' .. user)
      redis.call('ZREMRANGEBYLEX', KEYS[INDEX], '-', '(' .. oldest)
      redis.call('PEXPIRE', KEYS[INDEX], text(KEPT * DAY))
    end
  end
end

-- Takes or keeps a place until its term is over.
local function hold(id, at, ttl)
  redis.call('ZADD', KEYS[PLACES], text(at + tonumber(ttl)), id)
  redis.call('PEXPIRE', KEYS[PLACES], text(tonumber(ttl) + HOUR))
end
