-- In front of every script. The keys come in this order, as many as a script
-- needs. The last is missing in a cluster, where it is in another slot.
local LEASE, THREAD, LIVE, RUNS, MESSAGES, SNAPSHOT, INDEX = 1, 2, 3, 4, 5, 6, 7

-- The server's clock in microseconds: all instances use this one.
local function now()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000000 + tonumber(t[2])
end

local function text(number)
  return string.format('%.0f', number)
end

-- Lets what is kept of the thread expire after the retention, if there is one.
local function keep(retention)
  if tonumber(retention) > 0 then
    for i = THREAD, math.min(#KEYS, SNAPSHOT) do
      redis.call('PEXPIRE', KEYS[i], retention)
    end
  end
end

-- Puts the thread at its place in its owner's list.
local function list(id, at, retention)
  if KEYS[INDEX] then
    redis.call('ZADD', KEYS[INDEX], text(at), id)
    if tonumber(retention) > 0 then
      redis.call('ZREMRANGEBYSCORE', KEYS[INDEX], '-inf', text(at - tonumber(retention) * 1000))
      redis.call('PEXPIRE', KEYS[INDEX], retention)
    end
  end
end
