"""Operations of torch by what they do to the ECG: by their one name (`intercept.name_of`)."""

from __future__ import annotations


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Sums of their inputs times constants, or the same numbers elsewhere: the derivative is the rule.
LINEAR = _names(
    """
    add sub rsub neg sum mean cumsum diff lerp positive
    conv_transpose1d conv_transpose2d dropout alpha_dropout feature_dropout feature_alpha_dropout
    avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d
    interpolate upsample_linear1d upsample_nearest1d upsample_bilinear2d upsample_nearest2d
    __getitem__ __setitem__ select narrow index_select index_add index_copy gather scatter scatter_add
    take take_along_dim masked_select masked_scatter unfold im2col as_strided
    view view_as reshape reshape_as flatten unflatten ravel permute transpose swapaxes swapdims movedim
    moveaxis t mT T squeeze unsqueeze expand expand_as broadcast_to repeat repeat_interleave tile
    chunk split split_with_sizes tensor_split hsplit unbind cat concat concatenate stack hstack vstack dstack
    column_stack flip fliplr roll rot90 tril triu diag diagonal pad constant_pad_nd _pad
    reflection_pad1d replication_pad1d reflection_pad2d replication_pad2d pixel_shuffle channel_shuffle
    fft_fft fft_ifft fft_rfft fft_irfft fft_fftshift fft_ifftshift stft istft view_as_real view_as_complex
    real imag complex
    to type type_as float double half bfloat16 cpu cuda contiguous clone alias detach data numpy
    broadcast_tensors atleast_1d atleast_2d atleast_3d meshgrid embedding one_hot
    copy_ requires_grad_ retain_grad register_hook __iter__ __len__ __format__ __repr__ tolist item
    fill_ zero_
    """
)
#: Products: of what depends on the ECG and a constant the derivative is the rule, of two that depend
#: on it each method has its own.
PRODUCTS = _names(
    """
    mul matmul linear conv1d conv2d conv3d einsum tensordot inner outer kron addmm addbmm baddbmm addmv
    addcmul bilinear chain_matmul multi_dot linalg_multi_dot linalg_vecdot vecdot cross
    """
)
#: One number in, one number out, by itself.
ELEMENTWISE = _names(
    """
    relu relu6 leaky_relu prelu _prelu_kernel rrelu elu selu celu gelu silu mish softplus softsign softshrink
    hardshrink tanhshrink hardtanh hardsigmoid hardswish logsigmoid log_sigmoid threshold sigmoid tanh
    abs sign square sqrt rsqrt reciprocal pow float_power exp exp2 expm1 log log2 log10 log1p logit
    sin cos tan sinh cosh asin acos atan asinh acosh atanh arctan sinc erf erfc
    clamp clamp_min clamp_max nan_to_num round floor ceil trunc frac heaviside
    """
)
#: Activations that are two straight lines from zero.
STRAIGHT = _names("relu leaky_relu prelu _prelu_kernel rrelu abs")
#: Activations that give nothing for nothing: f(0) = 0.
THROUGH_ZERO = _names(
    """
    relu relu6 leaky_relu prelu _prelu_kernel rrelu elu selu celu gelu silu mish softsign softshrink
    hardshrink tanhshrink hardtanh hardswish tanh abs square sqrt sin sinh asinh atan arctan tan erf
    """
)
#: Between nothing and all, or one over a size: what is multiplied by them is let through or scaled.
GATES = _names(
    "sigmoid hardsigmoid softmax softmin rsqrt reciprocal std var norm linalg_vector_norm logsumexp"
)
#: The largest of several numbers, in windows.
POOLS = {
    "max_pool1d": "max_pool1d_with_indices",
    "max_pool2d": "max_pool2d_with_indices",
    "max_pool3d": "max_pool3d_with_indices",
    "adaptive_max_pool1d": "adaptive_max_pool1d_with_indices",
    "adaptive_max_pool2d": "adaptive_max_pool2d_with_indices",
}
#: Recurrent layers that are one operation to torch.
RECURRENT = _names("lstm gru rnn_tanh rnn_relu lstm_cell gru_cell rnn_tanh_cell rnn_relu_cell")
#: Attention that is one operation to torch.
ATTENTION = "scaled_dot_product_attention"
