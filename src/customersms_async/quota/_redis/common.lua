-- What the scripts of all stores begin with: whole numbers as text, and the time. ARGV[2] is the time for tests, or ''.

local function integer(number)
  return string.format('%.0f', number)
end

local function clock_us()
  if ARGV[2] ~= '' then
    return tonumber(ARGV[2])
  end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end

