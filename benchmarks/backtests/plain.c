/* The two workloads of benchmarks/backtest.py as plain loops: one pass over the bars, indicators included, one position at
   a time, orders at the next open, everything that the account has in each. What an engine is measured against. */
#include <math.h>
#include <stdint.h>

typedef struct {
    int64_t entry_bar, exit_bar;
    double entry_price, exit_price, size;
} Trade;

/* SMA cross, long only: enter when the fast average crosses above the slow one, leave when it crosses below. */
int64_t sma_cross(int64_t n, const double *open, const double *close, int64_t fast, int64_t slow, double fee, double cash,
                  Trade *trades, double *balance) {
    double a = 0, b = 0;
    int64_t count = 0;
    int was = 2, in = 0, order = 0; /* order: 1 to enter, -1 to leave, at the next open */
    for (int64_t i = 0; i < n; i++) {
        if (order > 0) {
            double size = cash / (open[i] * (1 + fee));
            trades[count] = (Trade){i, 0, open[i], 0, size};
            cash -= size * open[i] * fee;
            in = 1;
        } else if (order < 0) {
            Trade *t = &trades[count++];
            t->exit_bar = i;
            t->exit_price = open[i];
            cash += t->size * (open[i] - t->entry_price) - t->size * open[i] * fee;
            in = 0;
        }
        order = 0;
        a += close[i];
        b += close[i];
        if (i >= slow - 1) {
            double x = a / fast, y = b / slow;
            int now = x - y > 1e-12 * fabs(y) ? 1 : y - x > 1e-12 * fabs(y) ? -1 : 0;
            if (was != 2 && now == 1 && was < 1 && !in) order = 1;
            if (was != 2 && now == -1 && was > -1 && in) order = -1;
            was = now;
            b -= close[i - slow + 1];
        }
        if (i >= fast - 1) a -= close[i - fast + 1];
    }
    if (in) {
        Trade *t = &trades[count++];
        t->exit_bar = n - 1;
        t->exit_price = close[n - 1];
        cash += t->size * (close[n - 1] - t->entry_price) - t->size * close[n - 1] * fee;
    }
    *balance = cash;
    return count;
}

/* RSI below 30 while the close is above its average: enter; stop at ATR x 2, target at twice that, the stop first. */
int64_t rsi_reversion(int64_t n, const double *open, const double *high, const double *low, const double *close,
                      int64_t rsi, double threshold, int64_t sma, int64_t atr, double fee, double cash, Trade *trades,
                      double *balance) {
    double gain = 0, loss = 0, sum = 0, range = 0, stop = 0, target = 0;
    int64_t count = 0;
    int in = 0, order = 0;
    for (int64_t i = 0; i < n; i++) {
        if (order) {
            double size = cash / (open[i] * (1 + fee)), distance = range * 2;
            trades[count] = (Trade){i, 0, open[i], 0, size};
            cash -= size * open[i] * fee;
            stop = open[i] - distance;
            target = open[i] + 2 * (open[i] - stop);
            in = 1;
            order = 0;
        }
        if (in) {
            double exit = NAN;
            if (open[i] <= stop) exit = open[i];
            else if (open[i] >= target) exit = open[i];
            else if (low[i] <= stop) exit = stop;
            else if (high[i] >= target) exit = target;
            else if (i == n - 1) exit = close[i];
            if (!isnan(exit)) {
                Trade *t = &trades[count++];
                t->exit_bar = i;
                t->exit_price = exit;
                cash += t->size * (exit - t->entry_price) - t->size * exit * fee;
                in = 0;
            }
        }
        sum += close[i];
        if (i) {
            double before = close[i - 1], move = close[i] - before;
            double reach = fmax(high[i], before) - fmin(low[i], before);
            gain = (gain * (rsi - 1) + (move > 0 ? move : 0)) / rsi;
            loss = (loss * (rsi - 1) + (move < 0 ? -move : 0)) / rsi;
            range = i <= atr ? range + reach / atr : (range * (atr - 1) + reach) / atr;
        }
        if (i >= sma - 1) {
            double level = sum / sma;
            order = !in && i < n - 1 && i >= rsi && i >= atr && 100 * (gain / (gain + loss)) < threshold &&
                    close[i] - level > 1e-12 * fabs(level);
            sum -= close[i - sma + 1];
        }
    }
    *balance = cash;
    return count;
}
