-- The rule of buckets.py over the state of one key, kept in a Redis or Valkey server. One call, one atomic decision.
--
-- KEYS: state (hash: now, paused, longest, cut), held (sorted set: request -> when it lapses), log (list of settle
-- times, ascending). ARGV: the call, the time for tests or '' for the server's own, what the call takes.
-- Times are integer microseconds, exact in a double until the year 2255; %.0f, as Lua would print 1.7e+15.

local state, held, log = KEYS[1], KEYS[2], KEYS[3]
local call, clock = ARGV[1], ARGV[2]

local function integer(number)
  return string.format('%.0f', number)
end

local function clock_us()
  if clock ~= '' then
    return tonumber(clock)
  end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end

local known = redis.call('HMGET', state, 'now', 'paused', 'longest', 'cut')
local now = math.max(clock_us(), tonumber(known[1] or 0)) -- a clock that steps back stands still
local paused = tonumber(known[2] or 0)
local longest = tonumber(known[3] or 0)
local cut = tonumber(known[4] or 0)

-- Settle what has lapsed, in order.
local due = redis.call('ZRANGEBYSCORE', held, '-inf', integer(now), 'WITHSCORES')
for i = 1, #due, 2 do
  redis.call('RPUSH', log, integer(tonumber(due[i + 1])))
  redis.call('ZREM', held, due[i])
end

local function settled_at(index)
  return tonumber(redis.call('LINDEX', log, integer(index)))
end

local function take(request, hold_us, first)
  for i = first, #ARGV, 2 do
    longest = math.max(longest, tonumber(ARGV[i + 1]))
  end
  if redis.call('ZSCORE', held, request) then -- asked before, and only the answer was lost: judged anew
    redis.call('ZREM', held, request)
  end
  local in_flight = redis.call('ZCARD', held)
  local past = redis.call('LLEN', log) + in_flight
  local free = paused
  for i = first, #ARGV, 2 do
    local requests, window = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
    if requests <= past then
      local since = now
      if requests > in_flight then
        since = settled_at(in_flight - requests)
      end
      free = math.max(free, since + window)
    end
  end
  if free > now then
    return {0, free - now}
  end
  redis.call('ZADD', held, integer(now + hold_us), request)
  return {1}
end

-- Position of the first settle time after `since`, from 0.
local function first_after(since, length)
  local low, high = 0, length
  while low < high do
    local middle = math.floor((low + high) / 2)
    if settled_at(middle) > since then
      high = middle
    else
      low = middle + 1
    end
  end
  return low
end

local function usage()
  local length, in_flight = redis.call('LLEN', log), redis.call('ZCARD', held)
  local answer = {math.max(0, paused - now)}
  for i = 3, #ARGV, 2 do
    local window = tonumber(ARGV[i + 1])
    local first = first_after(now - window, length)
    local used, back = length - first + in_flight, 0
    if used > 0 then
      back = (first < length and settled_at(first) or now) + window - now
    end
    table.insert(answer, used)
    table.insert(answer, back)
  end
  return answer
end

local answer = {}
if call == 'take' then
  answer = take(ARGV[3], tonumber(ARGV[4]), 5)
elseif call == 'renew' then
  redis.call('ZREM', held, ARGV[3])
  answer = take(ARGV[4], tonumber(ARGV[5]), 6)
elseif call == 'settle' then
  if redis.call('ZREM', held, ARGV[3]) == 1 then
    redis.call('RPUSH', log, integer(now))
  end
elseif call == 'give_back' then
  redis.call('ZREM', held, ARGV[3])
elseif call == 'pause' then
  paused = math.max(paused, now + tonumber(ARGV[3]))
elseif call == 'usage' then
  answer = usage()
elseif call == 'look' then -- what a forecast starts from
  answer = {now, paused, cut, redis.call('LLEN', log), redis.call('ZCARD', held)}
elseif call == 'settled_at' then -- the settle times at these positions, counted from the first request ever
  for i = 3, #ARGV do
    local index = tonumber(ARGV[i]) - cut
    table.insert(answer, index >= 0 and settled_at(index) or 0)
  end
end

-- Drop what no window reaches any more; more than a call adds, so that the log stays short.
for _ = 1, #due + 4 do
  local oldest = settled_at(0)
  if not oldest or oldest > now - longest then
    break
  end
  redis.call('LPOP', log)
  cut = cut + 1
end

redis.call('HSET', state, 'now', integer(now), 'paused', integer(paused), 'longest', integer(longest), 'cut', integer(cut))

-- All of it is forgotten when the last token is back; not by a test's clock, which the server does not know.
if clock == '' then
  local last = tonumber(redis.call('ZRANGE', held, -1, -1, 'WITHSCORES')[2]) or settled_at(-1)
  local until_us = math.max(now, paused, last and last + longest or 0)
  for i = 1, 3 do
    redis.call('PEXPIRE', KEYS[i], integer(math.ceil((until_us - now) / 1000) + 1))
  end
end
return answer
